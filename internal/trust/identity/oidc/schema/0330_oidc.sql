-- store: data
-- Who a subject of the provider is here: subject_mac is the keyed hash of issuer and subject.
create table oidc_link (
  subject_mac bytea primary key,  -- class: secret
  staff_id text not null unique,  -- class: public
  made_at bigint not null,        -- class: public
  used_at bigint not null         -- class: public
);
-- A way to the provider and back. data_sealed holds nonce, PKCE verifier and what it is for;
-- it is null once the way was gone, so that going it again is seen.
create table oidc_flow (
  state_sha bytea primary key,    -- class: secret
  browser_sha bytea not null,     -- class: secret
  data_sealed bytea,              -- class: secret
  expires_at bigint not null      -- class: public
);
create index oidc_flow_expiry on oidc_flow (expires_at);
-- A browser that came back signed in at the provider, and who that was.
create table oidc_visit (
  visit_sha bytea primary key,    -- class: secret
  staff_id text not null,         -- class: public
  subject_mac bytea not null,     -- class: secret
  sid_mac bytea not null,         -- class: secret
  hint_sealed bytea,              -- class: secret
  expires_at bigint not null      -- class: public
);
create index oidc_visit_subject on oidc_visit (subject_mac);
create index oidc_visit_sid on oidc_visit (sid_mac);
create index oidc_visit_expiry on oidc_visit (expires_at);
-- Logout tokens that were taken, so that each is taken once.
create table oidc_logout (
  token_mac bytea primary key,    -- class: secret
  expires_at bigint not null      -- class: public
);
create index oidc_logout_expiry on oidc_logout (expires_at);
