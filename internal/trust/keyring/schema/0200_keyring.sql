-- store: keys

-- The key-encryption keys that are alive. The newest one wraps what is new. Destroying an
-- epoch is deleting its row; the references below make the engine refuse that while a key
-- still hangs on it, and refuse a key for an epoch that is gone.
create table keyring_epoch (
  epoch bigint primary key,              -- class: public
  kms_key text not null,                 -- class: public, the id of the key that wraps it
  wrapped_sealed bytea not null,         -- class: secret
  created_at bigint not null             -- class: public
);

-- One random data key per subject, wrapped by an epoch's key.
create table keyring_slot (
  subject text primary key,              -- class: general, an opaque id
  epoch bigint not null references keyring_epoch (epoch), -- class: public
  wrapped_sealed bytea not null,         -- class: secret
  created_at bigint not null             -- class: public
);

create index keyring_slot_epoch on keyring_slot (epoch);

-- One random key per interaction, wrapped by its subject's data key.
create table keyring_child (
  subject text not null,                 -- class: general, an opaque id
  interaction text not null,             -- class: general, an opaque id
  wrapped_sealed bytea not null,         -- class: secret
  created_at bigint not null,            -- class: public
  primary key (subject, interaction)
);

-- The deployment's own keys (system, index, staff, log), wrapped by an epoch's key.
create table keyring_system (
  name text not null,                    -- class: public
  version bigint not null,               -- class: public
  epoch bigint not null references keyring_epoch (epoch), -- class: public
  wrapped_sealed bytea not null,         -- class: secret
  created_at bigint not null,            -- class: public
  primary key (name, version)
);
