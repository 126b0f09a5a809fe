-- store: data
-- The place in the controller's list: what most calls are about comes first, under the key 1.
alter table purpose_purpose add column place bigint not null default 0; -- class: public
