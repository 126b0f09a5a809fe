-- store: data
alter table message_outbox add column receipt text not null default ''; -- class: public
create index message_outbox_receipt on message_outbox (receipt);
