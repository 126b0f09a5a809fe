-- store: data
-- a field that the customer was asked to type on a page of their own; what was typed is not here but among the customer's values
create table act_ask (
  id text primary key, -- class: public
  interaction text not null, -- class: public
  subject text not null, -- class: public
  controller text not null, -- class: public
  purpose text not null, -- class: public
  channel text not null, -- class: public
  field text not null, -- class: public
  state text not null, -- class: public
  asked_by text not null, -- class: public
  asked_at bigint not null, -- class: public
  expires_at bigint not null, -- class: public
  ended_at bigint not null -- class: public
);
create index act_ask_interaction on act_ask (interaction, asked_at);
