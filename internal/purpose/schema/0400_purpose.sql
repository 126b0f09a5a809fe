-- store: data
-- Who decides what the data is used for. Organisations, not people.
create table purpose_controller (
  id text primary key,        -- class: public
  slug text not null unique,  -- class: public
  name text not null,         -- class: public
  created_at bigint not null  -- class: public
);
-- What it is used for. fields is JSON: verb -> field names.
create table purpose_purpose (
  id text primary key,         -- class: public
  controller text not null,    -- class: public
  slug text not null,          -- class: public
  name_id text not null,       -- class: public
  name_en text not null,       -- class: public
  basis text not null,         -- class: public
  status text not null,        -- class: public
  fields text not null,        -- class: public
  script_id text not null,     -- class: public
  script_en text not null,     -- class: public
  notice bigint not null,      -- class: public
  created_at bigint not null,  -- class: public
  updated_at bigint not null,  -- class: public
  unique (controller, slug)
);
-- Published texts. A row is written once and never changed.
create table purpose_notice (
  id text primary key,           -- class: public
  purpose text not null,         -- class: public
  version bigint not null,       -- class: public
  text_id text not null,         -- class: public
  text_en text not null,         -- class: public
  published_at bigint not null,  -- class: public
  unique (purpose, version)
);
