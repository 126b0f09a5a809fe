-- store: data
-- a customer's passkeys for this company: what the browser gave, sealed; where the credential's id is looked up, a keyed hash
create table passkey_key (
  id text primary key, -- class: public
  subject text not null, -- class: public
  attempt text not null, -- class: public
  handle bytea not null, -- class: public
  credential_mac bytea not null, -- class: public
  credential_sealed bytea not null, -- class: secret
  registered_at bigint not null, -- class: public
  revoked_at bigint not null -- class: public
);
create unique index passkey_key_credential on passkey_key (credential_mac);
create index passkey_key_subject on passkey_key (subject);

-- the challenge of a page that is open; it is used once
create table passkey_ceremony (
  attempt text primary key, -- class: public
  data_sealed bytea not null, -- class: secret
  expires_at bigint not null -- class: public
);
