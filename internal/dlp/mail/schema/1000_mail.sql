-- store: data
-- Mails that went without having been looked at, because the operator wants that rather than wait: alarms, without anything of the mail.
create table mail_opened (
	id text primary key,          -- class: public
	controller text not null,     -- class: public
	recipient text not null,      -- class: public, inside or outside
	code text not null,           -- class: public, why it could not be looked at
	place text not null,          -- class: public, machine and id of the queue
	at bigint not null            -- class: public
);
create index mail_opened_at on mail_opened (at);
