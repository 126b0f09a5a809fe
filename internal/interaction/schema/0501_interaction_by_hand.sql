-- store: data
-- how many contacts a member of staff began by hand in an hour
create table interaction_by_hand (
  staff text primary key, -- class: public
  started_at bigint not null, -- class: public
  used bigint not null -- class: public
);
