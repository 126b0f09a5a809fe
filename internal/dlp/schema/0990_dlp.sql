-- store: data
-- The facts of each text in which something was found, for thirty days: what new rules would have said of it. No text, no value.
create table dlp_passage (
	id text primary key,          -- class: public
	controller text not null,     -- class: public
	facts text not null,          -- class: public, kinds and counts
	verdict text not null,        -- class: public
	at bigint not null            -- class: public
);
create index dlp_passage_at on dlp_passage (at);
create table dlp_incident (
	id text primary key,          -- class: public
	controller text not null,     -- class: public
	staff text not null,          -- class: public, whose text it was: a member of staff or an API client
	interaction text not null,    -- class: public
	way text not null,            -- class: public
	recipient text not null,      -- class: public
	verdict text not null,        -- class: public
	kinds text not null,          -- class: public
	people bigint not null,       -- class: public
	at bigint not null,           -- class: public
	evidence_sealed bytea not null, -- class: specific, the text with every value masked
	disposition text not null,    -- class: public, empty while it waits
	advice_sealed bytea,          -- class: general
	reviewed_by text not null,    -- class: public
	reviewed_at bigint not null,  -- class: public
	read_at bigint not null       -- class: public, by the person who wrote it
);
create index dlp_incident_at on dlp_incident (disposition, at);
create index dlp_incident_staff on dlp_incident (staff, at);
-- the rules of this deployment beside the shipped ones; the newest in force counts
create table dlp_rules (
	id text primary key,          -- class: public
	cedar text not null,          -- class: public
	state text not null,          -- class: public, asked, standing, refused, over
	asked_by text not null,       -- class: public
	asked_at bigint not null,     -- class: public
	decided_at bigint not null    -- class: public
);
create index dlp_rules_state on dlp_rules (state, asked_at);
