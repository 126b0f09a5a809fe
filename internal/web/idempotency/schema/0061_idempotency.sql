-- store: data
create table idempotency_answer (
  key_mac bytea primary key, -- class: general, of the caller and the key
  request_mac bytea not null, -- class: general
  answer_sealed bytea not null, -- class: secret
  expires_at bigint not null -- class: public
);
create index idempotency_answer_expires on idempotency_answer (expires_at);
