-- store: data
create table vault_subject (
	subject    text primary key, -- class: general, an opaque id
	controller text not null,    -- class: public
	version    bigint not null,  -- class: public
	created_at bigint not null,  -- class: public
	updated_at bigint not null,  -- class: public
	source     text not null     -- class: public
);
create table vault_value (
	subject       text not null,   -- class: general, an opaque id
	field         text not null,   -- class: public
	ordinal       bigint not null, -- class: public
	value         text not null,   -- class: public
	value_sealed  bytea not null,  -- class: secret
	registered_at bigint,          -- class: public
	verified_at   bigint,          -- class: public
	source        text not null,   -- class: public
	updated_at    bigint not null, -- class: public
	primary key (subject, field, ordinal)
);
create table vault_history (
	subject      text not null,  -- class: general, an opaque id
	kind         text not null,  -- class: public
	history      text not null,  -- class: public
	fact_sealed  bytea not null, -- class: secret
	source       text not null,  -- class: public
	primary key (subject, kind, history)
);
