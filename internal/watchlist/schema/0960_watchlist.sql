-- store: data
-- An entry is one decision to watch over persons. Whom it names stands in the marks, as keyed hashes alone.
create table watchlist_entry (
	id text primary key,          -- class: public
	list text not null,           -- class: public, protected or canary
	kind text not null,           -- class: public, by what the persons are named
	persons bigint not null,      -- class: public
	controller text not null,     -- class: public
	reason_sealed bytea not null, -- class: general
	review_at bigint not null,    -- class: public
	state text not null,          -- class: public, asked, standing, leaving, off, refused
	asked_by text not null,       -- class: public
	decided_by text not null,     -- class: public
	asked_at bigint not null,     -- class: public
	changed_at bigint not null    -- class: public
);
create index watchlist_entry_at on watchlist_entry (asked_at);
create table watchlist_mark (
	person_mac bytea not null,    -- class: secret, keyed hash of a subject's id or of an identifier
	entry text not null,          -- class: public
	primary key (person_mac, entry)
);
create index watchlist_mark_entry on watchlist_mark (entry);
-- whether a second member of staff agreed that a protected person is served in a contact
create table watchlist_second (
	id text primary key,          -- class: public
	interaction text not null,    -- class: public
	subject text not null,        -- class: public
	state text not null,          -- class: public, asked, approved, refused
	decided_by text not null,     -- class: public
	asked_at bigint not null,     -- class: public
	decided_at bigint not null    -- class: public
);
create index watchlist_second_interaction on watchlist_second (interaction);
create table watchlist_alert (
	id text primary key,          -- class: public
	kind text not null,           -- class: public
	controller text not null,     -- class: public
	staff text not null,          -- class: public
	ref text not null,            -- class: public, the interaction, or the day
	acts text not null,           -- class: public, verbs
	count bigint not null,        -- class: public
	median bigint not null,       -- class: public, of the peers
	first_at bigint not null,     -- class: public
	last_at bigint not null,      -- class: public
	disposition text not null,    -- class: public, empty while it waits
	note_sealed bytea,            -- class: general
	reviewed_by text not null,    -- class: public
	reviewed_at bigint not null   -- class: public
);
create unique index watchlist_alert_once on watchlist_alert (kind, ref, staff);
create index watchlist_alert_at on watchlist_alert (first_at);
-- which customers a member of staff opened under which purpose, and when first in the shift
create table watchlist_opened (
	staff text not null,          -- class: public
	purpose text not null,        -- class: public
	subject text not null,        -- class: public
	opened_at bigint not null,    -- class: public
	primary key (staff, purpose, subject)
);
create index watchlist_opened_at on watchlist_opened (opened_at);
-- and how many, in the shift that began at started_at
create table watchlist_breadth (
	staff text not null,          -- class: public
	purpose text not null,        -- class: public
	started_at bigint not null,   -- class: public
	used bigint not null,         -- class: public
	primary key (staff, purpose)
);
create table watchlist_raise (
	id text primary key,          -- class: public
	staff text not null,          -- class: public
	purpose text not null,        -- class: public
	state text not null,          -- class: public, asked, approved, refused
	asked_at bigint not null      -- class: public
);
create index watchlist_raise_staff on watchlist_raise (staff, purpose);
