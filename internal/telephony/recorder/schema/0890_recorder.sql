-- store: data
-- where an exchange says that a contact is, for as long as the contact goes on: sealed under the staff key, since
-- exchanges like to put telephone numbers into such names
create table recorder_leg (
  interaction text primary key, -- class: public
  line text not null, -- class: public
  contact_sealed bytea not null -- class: general
);

-- the spans in which a recorder was paused, or was asked to: ids and times, no value of anybody
create table recorder_span (
  id text primary key, -- class: public
  interaction text not null, -- class: public
  controller text not null, -- class: public
  subject text not null, -- class: public
  staff text not null, -- class: public
  field text not null, -- class: public
  line text not null, -- class: public
  contact_sealed bytea, -- class: general
  state text not null, -- class: public
  doubtful boolean not null, -- class: public
  uncertain boolean not null, -- class: public
  reason text not null, -- class: public
  code text not null, -- class: public
  attempts bigint not null, -- class: public
  asked_at bigint not null, -- class: public
  paused_at bigint not null, -- class: public
  until_at bigint not null, -- class: public
  left_at bigint not null, -- class: public
  resumed_at bigint not null, -- class: public
  next_at bigint not null, -- class: public
  done_at bigint not null -- class: public
);
create index recorder_span_interaction on recorder_span (interaction, asked_at);
create index recorder_span_due on recorder_span (next_at) where done_at = 0;
create index recorder_span_controller on recorder_span (controller, state) where done_at = 0;
