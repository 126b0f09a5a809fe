-- store: data
-- who looked into what a customer denied; the reason stands in the log alone
create table verification_review (
  attempt text primary key, -- class: public
  staff text not null, -- class: public
  reviewed_at bigint not null -- class: public
);
create index verification_attempt_denied on verification_attempt (controller, answered_at) where state = 'denied';
