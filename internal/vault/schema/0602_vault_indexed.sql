-- store: index
-- The version of a customer's values that the rows of the index follow. A customer who was
-- never changed has no row: his rows are there or not, and a count tells.
create table vault_indexed (
	subject text primary key, -- class: general, an opaque id
	version bigint not null   -- class: public
);
