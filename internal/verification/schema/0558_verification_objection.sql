-- store: data
-- what a customer stopped that another room had announced to them
create table verification_objection (
  id text primary key, -- class: public
  interaction text not null, -- class: public
  subject text not null, -- class: public
  controller text not null, -- class: public
  staff text not null, -- class: public
  objected_at bigint not null -- class: public
);
create index verification_objection_controller on verification_objection (controller, objected_at);
