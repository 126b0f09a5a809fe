-- store: data
-- when a passkey was last shown; 0: never, or before this was kept
alter table passkey_key add column used_at bigint not null default 0; -- class: public
