-- store: data
create table desk_writing (
	interaction text primary key, -- class: public
	used bigint not null          -- class: public
);
