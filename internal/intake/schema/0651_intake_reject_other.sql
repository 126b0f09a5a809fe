-- store: data
-- The second line that some reasons speak of: where a value stood first, or the last line that an open quote took.
alter table intake_reject add column other_line bigint not null default 0; -- class: public
