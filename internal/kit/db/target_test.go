package db

import "testing"

func TestTheTableThatAStatementWritesIsSeenOrEverythingIsForgotten(t *testing.T) {
	for sql, want := range map[string]string{
		"insert into test_thing (id) values ($1)": "test_thing", "INSERT  INTO\n\ttest_thing(id) values ($1)": "test_thing",
		"delete from test_thing": "test_thing", "UPDATE Test_Thing\nset n = 3": "test_thing",
		"with x as (select 1) delete from test_thing": "", "update or ignore test_thing set n = 1": "", "update only test_thing set n = 1": "",
		`update "test_thing" set n = 1`: "", "delete from public.test_thing": "", "delete from test_thing;": "", "pragma optimize": "",
	} {
		if got := target(sql); got != want {
			t.Errorf("%q: %q, want %q", sql, got, want)
		}
	}
}
