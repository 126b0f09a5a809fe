-- store: data

-- What became of every key. A slot in the keys store without a row here is an orphan of a
-- crash between two commits; a live row here without a slot is a lost key; a row in state
-- shredding is an erasure to be finished at start.
create table keyring_life (
  subject text not null,                 -- class: general, an opaque id
  interaction text not null,             -- class: general, an opaque id; empty for the subject's own key
  state text not null,                   -- class: public, live, shredding or shredded
  ref text not null,                     -- class: public, the id of the shredding
  controller text not null,              -- class: public, for the shredding's entries; empty before it
  changed_at bigint not null,            -- class: public
  primary key (subject, interaction)
);

create index keyring_life_state on keyring_life (state, changed_at);

-- When each key-encryption key came and went. No key material: an old backup of the data
-- store must not bring one back.
create table keyring_rotation (
  epoch bigint primary key,              -- class: public
  started_at bigint not null,            -- class: public
  destroyed_at bigint                    -- class: public
);
