-- store: data
-- What the way itself calls a passage, what its writer said when asked why, and what became of one that was held for a second person.
alter table dlp_incident add column ref text not null default ''; -- class: public, the id in a mail's queue
alter table dlp_incident add column why_sealed bytea; -- class: general
alter table dlp_incident add column held text not null default ''; -- class: public, waiting, released, refused; empty when it was not held
alter table dlp_incident add column held_by text not null default ''; -- class: public, who decided
alter table dlp_incident add column held_at bigint not null default 0; -- class: public
alter table dlp_incident add column carried_at bigint not null default 0; -- class: public, when the way had done what was decided
create index dlp_incident_held on dlp_incident (held, carried_at, at);
