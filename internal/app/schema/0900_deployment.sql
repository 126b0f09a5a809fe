-- store: data
create table app_deployment (
  id text primary key,            -- class: public
  demo boolean not null,          -- class: public
  created_at bigint not null      -- class: public
);
