-- store: data
create table intake_run (
	run         text primary key, -- class: public
	kind        text not null,    -- class: public, customers or history
	controller  text not null,    -- class: public
	purpose     text not null,    -- class: public
	file_mac    bytea not null,   -- class: general, keyed hash by which the same file is known again
	chunk_rows  bigint not null,  -- class: public
	started_at  bigint not null,  -- class: public
	finished_at bigint,           -- class: public
	records     bigint not null,  -- class: public
	created     bigint not null,  -- class: public
	changed     bigint not null,  -- class: public
	same        bigint not null,  -- class: public
	rejected    bigint not null   -- class: public
);
create table intake_chunk (
	run       text not null,   -- class: public
	number    bigint not null, -- class: public
	next_line bigint not null, -- class: public
	position  bigint not null, -- class: public
	records   bigint not null, -- class: public
	created   bigint not null, -- class: public
	changed   bigint not null, -- class: public
	same      bigint not null, -- class: public
	rejected  bigint not null, -- class: public
	primary key (run, number)
);
create table intake_reject (
	run         text not null,   -- class: public
	line        bigint not null, -- class: public
	column_name text not null,   -- class: public, from the map file
	code        text not null,   -- class: public
	primary key (run, line, column_name, code)
);
