-- store: data
-- One row for each time that the known attacks were played. The people in the report are made up by the run.
create table drill_run (
	id text primary key,          -- class: public
	started_by text not null,     -- class: public
	started_at bigint not null,   -- class: public
	ended_at bigint not null,     -- class: public
	state text not null,          -- class: public, running, held, succeeded or broken
	policy text not null,         -- class: public, hash of the policies in force
	lang text not null,           -- class: public, of the report
	report text not null          -- class: public, JSON as the run printed it
);
create index drill_run_at on drill_run (started_at);
