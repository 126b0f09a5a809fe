-- store: data
-- the mandate of the representative who asked for a change; empty when the customer did
alter table act_change add column mandate text not null default ''; -- class: public
