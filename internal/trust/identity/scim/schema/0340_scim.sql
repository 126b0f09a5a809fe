-- store: data
-- Whom the directory knows: by external_mac, the keyed hash of its own id of the person. granted
-- says that role and controllers come from its groups, gone that it deleted the user.
create table scim_user (
  staff_id text primary key,       -- class: public
  external_mac bytea unique,       -- class: secret
  external_sealed bytea,           -- class: general
  granted boolean not null,        -- class: public
  gone boolean not null,           -- class: public
  changed_at bigint not null       -- class: public
);
create table scim_group (
  id text primary key,             -- class: public
  name_sealed bytea not null,      -- class: general
  name_mac bytea not null unique,  -- class: secret
  external_mac bytea unique,       -- class: secret
  external_sealed bytea,           -- class: general
  created_at bigint not null,      -- class: public
  changed_at bigint not null       -- class: public
);
create table scim_member (
  group_id text not null,          -- class: public
  staff_id text not null,          -- class: public
  primary key (group_id, staff_id)
);
create index scim_member_staff on scim_member (staff_id);
