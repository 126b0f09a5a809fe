-- store: data
-- Whose data a text held. Quiet is an incident that its writer learns of only from whoever reviews it: without knowing whose
-- the values are, the text would have gone without a word.
alter table dlp_incident add column customers bigint not null default 0; -- class: public, how many of ours
alter table dlp_incident add column whose_sealed bytea; -- class: general, ids of customers
alter table dlp_incident add column quiet boolean not null default false; -- class: public
alter table dlp_incident add column telling boolean not null default false; -- class: public, what became of the text tells that a value is a customer's
