-- store: data
-- What customers said about purposes: rows are added and never changed. n numbers what one
-- customer said about one purpose; the highest is the last word.
create table consent_event (
  id text primary key,         -- class: public
  subject text not null,       -- class: general
  purpose text not null,       -- class: general
  n bigint not null,           -- class: public
  what text not null,          -- class: general
  notice bigint not null,      -- class: public
  channel text not null,       -- class: public
  interaction text not null,   -- class: public
  proof text not null,         -- class: public
  level bigint not null,       -- class: public
  recorded_by text not null,   -- class: public
  at bigint not null,          -- class: public
  unique (subject, purpose, n)
);
