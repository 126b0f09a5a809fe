-- store: data
-- a decision for one who speaks through a mandate: which, and where and by which message the representative was told
alter table verification_second add column mandate text not null default ''; -- class: public
alter table verification_second add column own_contact text not null default ''; -- class: public
alter table verification_second add column own_value text not null default ''; -- class: public
alter table verification_second add column own_message text not null default ''; -- class: public
