-- store: data
-- a second member of staff's decision about a customer, what the customer was told of it, and where it stands
create table verification_second (
  id text primary key, -- class: public
  interaction text not null, -- class: public
  subject text not null, -- class: public
  controller text not null, -- class: public
  language text not null, -- class: public
  contact text not null, -- class: public
  contact_value text not null, -- class: public
  contact_age bigint not null, -- class: public
  state text not null, -- class: public
  decided_by text not null, -- class: public
  message text not null, -- class: public
  asked_at bigint not null, -- class: public
  decided_at bigint not null, -- class: public
  stopped_at bigint not null -- class: public
);
create index verification_second_stopped on verification_second (controller, stopped_at) where state = 'stopped';
create index verification_second_subject on verification_second (subject, asked_at);

-- what was proved in an interaction otherwise than by a link or an answer
create table verification_proof (
  id text primary key, -- class: public
  interaction text not null, -- class: public
  subject text not null, -- class: public
  method text not null, -- class: public
  contact text not null, -- class: public
  age bigint not null, -- class: public
  proved_at bigint not null -- class: public
);
create index verification_proof_interaction on verification_proof (interaction, proved_at);
