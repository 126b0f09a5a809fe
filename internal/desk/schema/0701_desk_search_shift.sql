-- store: data
create table desk_search_shift (
	staff text primary key,      -- class: public
	started_at bigint not null,  -- class: public
	used bigint not null         -- class: public
);
