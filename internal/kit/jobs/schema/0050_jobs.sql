-- store: data
create table jobs_job (
  id text primary key,            -- class: public
  kind text not null,             -- class: public
  unique_key text not null,       -- class: public
  payload text not null,          -- class: public
  state text not null,            -- class: public
  run_at bigint not null,         -- class: public
  attempt bigint not null,        -- class: public
  max_attempts bigint not null,   -- class: public
  leased_by text not null,        -- class: public
  lease_until bigint not null,    -- class: public
  error_code text not null,       -- class: public
  created_at bigint not null,     -- class: public
  dead_at bigint not null         -- class: public
);
create unique index jobs_job_live on jobs_job (kind, unique_key) where state <> 'dead';
-- by kind first: jobs that no room takes yet must not be walked through by those that are taken
create index jobs_job_due on jobs_job (kind, state, run_at);
create table jobs_schedule (
  name text primary key,          -- class: public
  next_at bigint not null         -- class: public
);
