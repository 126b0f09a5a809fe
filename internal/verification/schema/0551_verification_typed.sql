-- store: data
-- The customer types the number; the page no longer offers some to choose from.
alter table verification_attempt drop column choices;
