-- store: data
create table message_outbox (
  id text primary key, -- class: public
  subject text not null, -- class: public
  controller text not null, -- class: public
  interaction text not null, -- class: public
  value text not null, -- class: public
  contact text not null, -- class: public
  channel text not null, -- class: public
  template text not null, -- class: public
  language text not null, -- class: public
  text_sealed bytea not null, -- class: general
  state text not null, -- class: public
  reason text not null, -- class: public
  attempts bigint not null, -- class: public
  created_at bigint not null, -- class: public
  changed_at bigint not null, -- class: public
  expires_at bigint not null -- class: public
);
create index message_outbox_created on message_outbox (created_at);
create index message_outbox_controller on message_outbox (controller, created_at);
create index message_outbox_subject on message_outbox (subject);
