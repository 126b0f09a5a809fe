-- store: data
-- what is known of a subject over all interactions, until a moment: it lowers, or asks for more
create table verification_signal (
  subject text not null, -- class: public
  kind text not null, -- class: public
  until_at bigint not null, -- class: public
  primary key (subject, kind)
);
