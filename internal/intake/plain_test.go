package intake

import "testing/fstest"

// plainTables have the columns and indexes of the vault's and the keyring's, in the clear.
var plainTables = fstest.MapFS{
	"schema/9990_plain.sql": {Data: []byte(`-- store: data
create table plain_life (subject text not null, interaction text not null, state text not null, ref text not null, changed_at bigint not null, primary key (subject, interaction));
create index plain_life_state on plain_life (state, changed_at);
create table plain_subject (subject text primary key, controller text not null, version bigint not null, created_at bigint not null, updated_at bigint not null, source text not null);
create table plain_value (subject text not null, field text not null, ordinal bigint not null, value text not null, body text not null, registered_at bigint, verified_at bigint, source text not null, updated_at bigint not null, primary key (subject, field, ordinal));
`)},
	"schema/9991_plain.sql": {Data: []byte(`-- store: keys
create table plain_slot (subject text primary key, epoch bigint not null, body text not null, created_at bigint not null);
create index plain_slot_epoch on plain_slot (epoch);
`)},
	"schema/9992_plain.sql": {Data: []byte(`-- store: index
create table plain_unique (body text primary key, controller text not null, field text not null, subject text not null);
create index plain_unique_subject on plain_unique (subject);
create table plain_exact (body text not null, subject text not null, field text not null, controller text not null, primary key (body, subject, field));
create index plain_exact_subject on plain_exact (subject);
`)},
}
