-- store: data
-- lines: addresses of ours on which signed events come in
create table telephony_line (
  id text primary key, -- class: public
  controller text not null, -- class: public
  mapping text not null, -- class: public
  signing text not null, -- class: public
  token_sealed bytea, -- class: secret
  generation bigint not null, -- class: public
  previous_until bigint not null, -- class: public
  refused bigint not null, -- class: public
  refused_at bigint not null, -- class: public
  refused_code text not null, -- class: public
  created_at bigint not null, -- class: public
  removed_at bigint not null -- class: public
);

-- signatures that were taken, by keyed hash, for as long as they could be replayed
create table telephony_seen (
  signature_mac bytea primary key, -- class: public
  seen_at bigint not null -- class: public
);
create index telephony_seen_at on telephony_seen (seen_at);

-- hooks: addresses of the company's own systems that are told what happened
create table telephony_hook (
  id text primary key, -- class: public
  controller text not null, -- class: public
  address text not null, -- class: public
  generation bigint not null, -- class: public
  previous_until bigint not null, -- class: public
  created_at bigint not null, -- class: public
  removed_at bigint not null -- class: public
);
create index telephony_hook_controller on telephony_hook (controller) where removed_at = 0;

create table telephony_delivery (
  id text primary key, -- class: public
  hook text not null, -- class: public
  controller text not null, -- class: public
  interaction text not null, -- class: public
  action text not null, -- class: public
  agent text not null, -- class: public
  contact_state text not null, -- class: public
  state text not null, -- class: public
  reason text not null, -- class: public
  attempts bigint not null, -- class: public
  created_at bigint not null, -- class: public
  changed_at bigint not null -- class: public
);
create index telephony_delivery_state on telephony_delivery (state, changed_at);
