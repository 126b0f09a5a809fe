-- store: keys
-- What is known of each log in another store than its own: the newest state that was
-- signed, with the log key's signature. It is written after the checkpoint is durable, so
-- it may lag behind the log and never leads it.
create table audit_anchor (
  origin text primary key, -- class: public
  size bigint not null, -- class: public
  note bytea not null, -- class: public
  closed bigint not null -- class: public, 1 when the log was signed to its end and no longer written
);
