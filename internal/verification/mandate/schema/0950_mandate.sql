-- store: data
-- who may speak for a customer, and how the customer is helped to speak. What says who it is stands in the sealed columns.
create table mandate_record (
  id text primary key, -- class: public
  subject text not null, -- class: general
  controller text not null, -- class: public
  kind text not null, -- class: general
  state text not null, -- class: public
  shown_sealed bytea not null, -- class: specific
  details_sealed bytea not null, -- class: general
  contact text not null, -- class: public
  contact_sealed bytea not null, -- class: general
  document text not null, -- class: public
  document_mac bytea not null, -- class: general
  purposes text not null, -- class: public
  verbs text not null, -- class: public
  fields text not null, -- class: public
  recorded_by text not null, -- class: public
  recorded_at bigint not null, -- class: public
  standing_at bigint not null, -- class: public
  ends_at bigint not null, -- class: public
  revoked_at bigint not null, -- class: public
  revoked_by text not null, -- class: public
  revoked_why text not null -- class: public
);
create index mandate_record_subject on mandate_record (subject, recorded_at);
create index mandate_record_forged on mandate_record (document_mac) where revoked_why = 'forged';

-- who speaks for the customer in an interaction
create table mandate_speaker (
  interaction text not null, -- class: public
  subject text not null, -- class: general
  mandate text not null, -- class: public
  chosen_by text not null, -- class: public
  chosen_at bigint not null, -- class: public
  primary key (interaction, subject)
);
