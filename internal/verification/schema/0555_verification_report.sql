-- store: data
-- "somebody called me", from the page where anybody checks a call: about an open contact, or about none
create table verification_report (
  id text primary key, -- class: public
  interaction text not null, -- class: public
  controller text not null, -- class: public
  staff text not null, -- class: public
  subject text not null, -- class: public
  number text not null, -- class: public
  reported_at bigint not null -- class: public
);
create index verification_report_controller on verification_report (controller, reported_at);
