-- store: data
-- Browsers in which an account has signed in before: device_sha is the SHA-256 of the 256
-- random bits that such a browser keeps. It takes the place of pairs of account and address,
-- which everybody behind one address shared.
drop table identity_known;
create table identity_device (
  device_sha bytea not null,     -- class: secret
  staff_id text not null,        -- class: public
  seen_at bigint not null,       -- class: public
  primary key (device_sha, staff_id)
);
create index identity_device_staff on identity_device (staff_id);
create index identity_device_seen on identity_device (seen_at);
