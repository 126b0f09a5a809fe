-- store: data
-- a contact that is to become another: the new one waits, sealed, until the owner of the old one had time to object
create table act_change (
  id text primary key, -- class: public
  interaction text not null, -- class: public
  subject text not null, -- class: public
  controller text not null, -- class: public
  language text not null, -- class: public
  field text not null, -- class: public
  old_value text not null, -- class: public
  new_sealed bytea not null, -- class: general
  state text not null, -- class: public
  reason text not null, -- class: public
  asked_by text not null, -- class: public
  asked_at bigint not null, -- class: public
  due_at bigint not null, -- class: public
  ended_at bigint not null -- class: public
);
create index act_change_subject on act_change (subject, asked_at);

-- which messages told of it
create table act_notice (
  change text not null, -- class: public
  message text not null, -- class: public
  primary key (change, message)
);
