-- store: data
-- when customers whose birth date is stored are of age, so that the gate knows a child without opening the date
create table mandate_age (
  subject text primary key, -- class: general
  adult_sealed bytea not null -- class: general
);
-- how far those who were stored before this table have been read
create table mandate_age_walk (
  walk text primary key, -- class: public
  after_subject text not null, -- class: general
  done boolean not null -- class: public
);
