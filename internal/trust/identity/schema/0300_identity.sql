-- store: data
-- Who works here. Times are UTC microseconds; 0 means never.
create table identity_staff (
  id text primary key,              -- class: public
  login_sealed bytea not null,      -- class: general
  login_mac bytea not null unique,  -- class: secret
  name_sealed bytea not null,       -- class: general
  role text not null,               -- class: public
  controllers text not null,        -- class: public
  state text not null,              -- class: public
  password_sealed bytea,            -- class: secret
  totp_sealed bytea,                -- class: secret
  totp_step bigint not null,        -- class: secret
  created_at bigint not null,       -- class: public
  changed_at bigint not null        -- class: public
);
create index identity_staff_role on identity_staff (role, state);
create table identity_passkey (
  id text primary key,                   -- class: public
  staff_id text not null,                -- class: public
  credential_mac bytea not null unique,  -- class: secret
  credential_sealed bytea not null,      -- class: secret
  label_sealed bytea not null,           -- class: general
  created_at bigint not null,            -- class: public
  used_at bigint not null                -- class: public
);
create index identity_passkey_staff on identity_passkey (staff_id);
create table identity_recovery (
  staff_id text not null,         -- class: public
  code_mac bytea not null,        -- class: secret
  used_at bigint not null,        -- class: public
  primary key (staff_id, code_mac)
);
-- A sign-in. token_sha is the SHA-256 of 256 random bits.
create table identity_session (
  id text primary key,              -- class: public
  staff_id text not null,           -- class: public
  token_sha bytea not null unique,  -- class: secret
  kind text not null,               -- class: public
  address_mac bytea not null,       -- class: general
  created_at bigint not null,       -- class: public
  seen_at bigint not null,          -- class: public
  second_at bigint not null,        -- class: public
  ended_at bigint not null,         -- class: public
  end_reason text not null          -- class: public
);
create index identity_session_staff on identity_session (staff_id, ended_at);
-- The way from a right password to a second factor.
create table identity_step (
  token_sha bytea primary key,   -- class: secret
  staff_id text not null,        -- class: public
  failures bigint not null,      -- class: public
  expires_at bigint not null     -- class: public
);
create index identity_step_expiry on identity_step (expires_at);
-- One open WebAuthn ceremony (or TOTP secret to be confirmed) per owner and kind.
create table identity_ceremony (
  owner text not null,           -- class: public
  kind text not null,            -- class: public
  data_sealed bytea not null,    -- class: secret
  expires_at bigint not null,    -- class: public
  primary key (owner, kind)
);
-- An enrolment link and, beside it, the code that a second person hands over. browser_sha is
-- of what the browser keeps that opened it last, totp_sealed the secret made for that browser.
create table identity_invitation (
  staff_id text primary key,        -- class: public
  token_sha bytea not null unique,  -- class: secret
  browser_sha bytea,                -- class: secret
  totp_sealed bytea,                -- class: secret
  made_by text not null,            -- class: public
  code_mac bytea,                   -- class: secret
  code_by text not null,            -- class: public
  code_needed boolean not null,     -- class: public
  failures bigint not null,         -- class: public
  expires_at bigint not null        -- class: public
);
create table identity_setup (
  one bigint primary key,        -- class: public
  token_sha bytea not null,      -- class: secret
  expires_at bigint not null     -- class: public
);
-- Failures and the delay they earned, by keyed hash of what they concern.
create table identity_throttle (
  key_mac bytea primary key,     -- class: general
  failures bigint not null,      -- class: public
  last_at bigint not null,       -- class: public
  until_at bigint not null       -- class: public
);
create index identity_throttle_last on identity_throttle (last_at);
-- Accounts and addresses that signed in together before.
create table identity_known (
  pair_mac bytea primary key,    -- class: general
  staff_id text not null,        -- class: public
  seen_at bigint not null        -- class: public
);
create table identity_client (
  id text primary key,           -- class: public
  name text not null,            -- class: public
  scopes text not null,          -- class: public
  controllers text not null,     -- class: public
  state text not null,           -- class: public
  key_sha bytea unique,          -- class: secret
  hint text not null,            -- class: public
  requester text not null,       -- class: public
  created_at bigint not null,    -- class: public
  expires_at bigint not null,    -- class: public
  used_at bigint not null        -- class: public
);
