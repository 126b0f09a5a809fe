-- store: data
-- One log per writing node. Exactly one row per node has closed = 0.
create table audit_shard (
  shard bigint primary key, -- class: public
  origin text not null unique, -- class: public
  node text not null, -- class: public
  verifier text not null, -- class: public
  size bigint not null, -- class: public
  root bytea not null, -- class: public
  last_time bigint not null, -- class: public
  holder text not null, -- class: public
  lease_until bigint not null, -- class: public
  started bigint not null, -- class: public
  closed bigint not null, -- class: public
  indexed bigint not null -- class: public
);
-- position = shard * 2^40 + index. The other columns repeat what stands in the leaf, for
-- searching; amanah verify compares them.
create table audit_entry (
  position bigint primary key, -- class: public
  leaf bytea not null, -- class: general
  time bigint not null, -- class: public
  action text not null, -- class: public
  decision text not null, -- class: public
  actor text not null, -- class: general
  purpose text, -- class: public
  interaction text, -- class: general
  controller text -- class: public
);
-- Which entries below audit_shard.indexed bear a word, such as actor:stf_… or subject:sub_…
-- (index.go): a row for each word of 512 entries. Newer entries are looked through.
create table audit_index (
  word text not null, -- class: general
  run bigint not null, -- class: public
  entries bytea not null, -- class: public
  primary key (word, run)
) /* sqlite: without rowid */;
-- What may be deleted: the salt of the commitments, the subject with its running number,
-- and the sealed detail.
create table audit_detail (
  position bigint primary key, -- class: public
  salt bytea not null, -- class: secret
  subject text not null, -- class: general
  n bigint not null, -- class: general
  detail_sealed bytea -- class: specific
);
-- C2SP tiles of height 8; tile = shard * 2^40 + level * 2^33 + number.
create table audit_tile (
  tile bigint primary key, -- class: public
  hashes bytea not null -- class: public
);
create table audit_checkpoint (
  position bigint primary key, -- class: public
  root bytea not null, -- class: public
  time bigint not null, -- class: public
  note bytea not null, -- class: public
  witnessed bigint not null -- class: public
);
-- A proof is made under the oldest checkpoint with a witness; without one, none is looked through.
create index audit_checkpoint_witnessed on audit_checkpoint (position) where witnessed > 0;
