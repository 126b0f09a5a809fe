-- store: data
create table verification_attempt (
  id text primary key, -- class: public
  interaction text not null, -- class: public
  subject text not null, -- class: public
  controller text not null, -- class: public
  purpose text not null, -- class: public
  agent text not null, -- class: public
  direction text not null, -- class: public
  language text not null, -- class: public
  contact text not null, -- class: public
  contact_value text not null, -- class: public
  contact_age bigint not null, -- class: public
  number bigint not null, -- class: public
  choices text not null, -- class: public
  state text not null, -- class: public
  browser_mac bytea, -- class: public
  started_at bigint not null, -- class: public
  expires_at bigint not null, -- class: public
  answered_at bigint not null -- class: public
);
create index verification_attempt_interaction on verification_attempt (interaction, started_at);
create index verification_attempt_subject on verification_attempt (subject, started_at);

-- one row for every compare that was tried; outcome open counts as failed until it matched
create table verification_compare (
  id text primary key, -- class: public
  interaction text not null, -- class: public
  subject text not null, -- class: public
  agent text not null, -- class: public
  item text not null, -- class: public
  outcome text not null, -- class: public
  tried_at bigint not null -- class: public
);
create index verification_compare_subject on verification_compare (subject, tried_at);
create index verification_compare_interaction on verification_compare (interaction, tried_at);

create table verification_grant (
  id text primary key, -- class: public
  interaction text not null, -- class: public
  subject text not null, -- class: public
  level bigint not null, -- class: public
  methods text not null, -- class: public
  granted_at bigint not null, -- class: public
  expires_at bigint not null -- class: public
);
create index verification_grant_interaction on verification_grant (interaction, granted_at);
