-- store: data
-- which of a customer's fields were compared or revealed below V3, and when last, over all contacts and staff
create table desk_told (
	subject text not null,       -- class: public
	field text not null,         -- class: public
	told_at bigint not null,     -- class: public
	primary key (subject, field)
);
