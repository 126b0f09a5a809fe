-- store: data
create table interaction_contact (
  id text primary key, -- class: public
  source_mac bytea not null unique, -- class: public
  state text not null, -- class: public
  back text not null, -- class: public
  controller text not null, -- class: public
  channel text not null, -- class: public
  direction text not null, -- class: public
  queue text not null, -- class: public
  language text not null, -- class: public
  agent text not null, -- class: public
  purpose text not null, -- class: public
  notice bigint not null, -- class: public
  subject text not null, -- class: public
  subject_by text not null, -- class: public
  cli_match boolean not null, -- class: public
  match text not null, -- class: public
  candidates text not null, -- class: public
  claimed boolean not null, -- class: public
  risks text not null, -- class: public
  number_sealed bytea, -- class: general
  case_sealed bytea, -- class: general
  case_mac bytea, -- class: public
  beat_at bigint not null, -- class: public
  rights_since bigint not null, -- class: public
  held_since bigint not null, -- class: public
  transfer_to text not null, -- class: public
  transfer_token text not null, -- class: public
  last_sequence bigint not null, -- class: public
  hold_sequence bigint not null, -- class: public
  agent_sequence bigint not null, -- class: public
  disposition text not null, -- class: public
  started_at bigint not null, -- class: public
  changed_at bigint not null, -- class: public
  ended_at bigint not null -- class: public
);
create index interaction_contact_open on interaction_contact (controller, state) where ended_at = 0;
create index interaction_contact_agent on interaction_contact (agent) where ended_at = 0;
create index interaction_contact_case on interaction_contact (case_mac) where case_mac is not null;
create index interaction_contact_subject on interaction_contact (subject, started_at);

-- every subject an interaction was ever bound to; each has a child key
create table interaction_subject (
  interaction text not null, -- class: public
  subject text not null, -- class: public
  bound_by text not null, -- class: public
  bound_at bigint not null, -- class: public
  primary key (interaction, subject)
);

-- events seen, by keyed hash of source and id; kept seven days
create table interaction_event (
  event_mac bytea primary key, -- class: public
  interaction text not null, -- class: public
  kind text not null, -- class: public
  sequence bigint not null, -- class: public
  outcome text not null, -- class: public
  received_at bigint not null -- class: public
);
create index interaction_event_received on interaction_event (received_at);

-- how often a number rang in an hour; not linked to any interaction; kept a day
create table interaction_ring (
  number_mac bytea not null, -- class: general
  hour bigint not null, -- class: public
  times bigint not null, -- class: public
  primary key (number_mac, hour)
);
create index interaction_ring_hour on interaction_ring (hour);
