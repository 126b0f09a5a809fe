-- store: index
create table vault_unique (
	entry_mac  bytea primary key, -- class: secret
	controller text not null,     -- class: public
	field      text not null,     -- class: public
	subject    text not null      -- class: general, an opaque id
);
create index vault_unique_subject on vault_unique (subject);
create table vault_exact (
	entry_mac  bytea not null, -- class: secret
	subject    text not null,  -- class: general, an opaque id
	field      text not null,  -- class: public
	controller text not null,  -- class: public
	primary key (entry_mac, subject, field)
);
create index vault_exact_subject on vault_exact (subject);
create table vault_history_seen (
	item_mac bytea primary key, -- class: secret
	subject  text not null      -- class: general, an opaque id
);
create index vault_history_seen_subject on vault_history_seen (subject);
create table vault_repair (
	one         bigint primary key, -- class: public
	repaired_at bigint not null     -- class: public
);
