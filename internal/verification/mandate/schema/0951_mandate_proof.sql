-- store: data
-- the representative's other contact, since when each of the two is known to reach them, and who verified the document
alter table mandate_record add column also_id text not null default ''; -- class: public
alter table mandate_record add column also text not null default ''; -- class: public
alter table mandate_record add column also_sealed bytea; -- class: general
alter table mandate_record add column answered_at bigint not null default 0; -- class: public
alter table mandate_record add column also_answered_at bigint not null default 0; -- class: public
alter table mandate_record add column checked_by text not null default ''; -- class: public
alter table mandate_record add column checked_at bigint not null default 0; -- class: public
create index mandate_record_also on mandate_record (also_id) where also_id <> '';
create index mandate_record_controller on mandate_record (controller, recorded_at);
create index mandate_speaker_mandate on mandate_speaker (mandate, chosen_at);
