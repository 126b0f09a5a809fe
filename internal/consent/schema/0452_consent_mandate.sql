-- store: data
-- the mandate of the representative who said it; empty when the customer did
alter table consent_event add column mandate text not null default ''; -- class: public
