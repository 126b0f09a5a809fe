-- store: data
-- What waits for, or was decided by, a second person. The reasons are sealed under the
-- staff key. Times are UTC microseconds; 0 means never.
create table approval_request (
  id text primary key,              -- class: public
  kind text not null,               -- class: public
  ref text not null,                -- class: public
  about text not null,              -- class: public
  controller text not null,         -- class: public
  payload text not null,            -- class: public
  reason_sealed bytea not null,     -- class: general
  state text not null,              -- class: public
  asked_by text not null,           -- class: public
  asked_at bigint not null,         -- class: public
  expires_at bigint not null,       -- class: public
  decided_by text not null,         -- class: public
  decided_at bigint not null,       -- class: public
  answer_sealed bytea               -- class: general
);
create index approval_request_waiting on approval_request (state, asked_at);
create index approval_request_ref on approval_request (kind, ref, asked_at);
