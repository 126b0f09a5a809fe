-- store: data
-- when customers whose birth date is stored are of age, so that the gate knows a child without opening the date
create table mandate_age (
  subject text primary key, -- class: general
  adult_sealed bytea not null -- class: general
);
