-- store: data
-- who watched the list of live contacts of a company, and when last
create table supervision_watch (
  staff text not null, -- class: public
  controller text not null, -- class: public
  seen_at bigint not null, -- class: public
  primary key (staff, controller)
);

-- what supervisors must look at: silent alarms and frozen contacts; the reason is sealed under the staff key
create table supervision_alert (
  id text primary key, -- class: public
  kind text not null, -- class: public
  interaction text not null, -- class: public
  controller text not null, -- class: public
  staff text not null, -- class: public
  at bigint not null, -- class: public
  settled_at bigint not null, -- class: public
  settled_by text not null, -- class: public
  reason_sealed bytea -- class: general
);
create index supervision_alert_open on supervision_alert (controller, at) where settled_at = 0;
create index supervision_alert_staff on supervision_alert (staff) where settled_at = 0;

-- who listens to a contact, or asked to; the reason is sealed under the staff key
create table supervision_listening (
  id text primary key, -- class: public
  interaction text not null, -- class: public
  controller text not null, -- class: public
  subject text not null, -- class: public
  purpose text not null, -- class: public
  staff text not null, -- class: public
  reason_sealed bytea not null, -- class: general
  state text not null, -- class: public
  asked_at bigint not null, -- class: public
  began_at bigint not null, -- class: public
  ended_at bigint not null -- class: public
);
create index supervision_listening_open on supervision_listening (interaction) where ended_at = 0;
