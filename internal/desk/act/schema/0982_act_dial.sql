-- store: data
-- when a customer was called without showing, so that nobody is called all day
create table act_dial (
  interaction text primary key, -- class: public
  subject text not null, -- class: public
  dialled_at bigint not null -- class: public
);
create index act_dial_subject on act_dial (subject, dialled_at);
