-- store: data
-- which contact an event was of, so that those that come in any order lead to one state
alter table interaction_event add column contact_mac bytea; -- class: public
alter table interaction_event add column agent text not null default ''; -- class: public
alter table interaction_event add column loose boolean not null default false; -- class: public
create index interaction_event_contact on interaction_event (contact_mac, sequence);
