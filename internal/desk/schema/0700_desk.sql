-- store: data
create table desk_hit (
	interaction text not null,   -- class: public
	subject text not null,       -- class: public
	fields text not null,        -- class: public
	found_at bigint not null,    -- class: public
	primary key (interaction, subject)
);
create table desk_search (
	interaction text primary key, -- class: public
	used bigint not null          -- class: public
);
create table desk_budget (
	staff text primary key,      -- class: public
	started_at bigint not null,  -- class: public
	used bigint not null         -- class: public
);
create table desk_disclosure (
	id text primary key,         -- class: public
	interaction text not null,   -- class: public
	subject text not null,       -- class: public
	staff text not null,         -- class: public
	verb text not null,          -- class: public
	fields text not null,        -- class: public
	purpose text not null,       -- class: public
	level bigint not null,       -- class: public
	at bigint not null           -- class: public
);
create index desk_disclosure_interaction on desk_disclosure (interaction, at);
create table desk_note (
	id text primary key,         -- class: public
	interaction text not null,   -- class: public
	subject text not null,       -- class: public
	staff text not null,         -- class: public
	note_sealed bytea not null,  -- class: general
	at bigint not null           -- class: public
);
create index desk_note_interaction on desk_note (interaction, at);
create index desk_note_subject on desk_note (subject, at);
