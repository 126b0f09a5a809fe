package i18n_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/amanah-id/amanah/internal/kit/i18n"
)

func texts(id, en string) fstest.MapFS {
	return fstest.MapFS{"messages/id.json": {Data: []byte(id)}, "messages/en.json": {Data: []byte(en)}}
}

func load(t *testing.T, id, en string) *i18n.Catalogue {
	t.Helper()
	c, err := i18n.Load(i18n.Source{Room: "desk", FS: texts(id, en)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTextsAreWrittenWithTheirValuesInTheReadersLanguage(t *testing.T) {
	c := load(t,
		`{"desk.hi": "Selamat pagi, {name}.", "desk.hits": ["{n} pelanggan"], "desk.plain": "Ya", "desk.since": "sejak {at}", "desk.wait": "{s} dtk", "desk.waits": ["{who}: {s} detik dari {of}"]}`,
		`{"desk.hi": "Good morning, {name}.", "desk.hits": ["{n} customer", "{n} customers"], "desk.plain": "Yes", "desk.since": "since {at}", "desk.wait": "{s} s", "desk.waits": ["{who}: {s} second of {of}", "{who}: {s} seconds of {of}"]}`)
	id, en := c.For(i18n.ID, nil), c.For(i18n.EN, i18n.WIT)
	at := time.Date(2026, 11, 23, 8, 4, 5, 0, time.UTC)
	for _, tc := range []struct{ name, got, want string }{
		{"a placeholder", id.T("desk.hi", "name", "Rina"), "Selamat pagi, Rina."},
		{"English", en.T("desk.hi", "name", "Rina"), "Good morning, Rina."},
		{"a plain text", id.T("desk.plain"), "Ya"},
		{"a missing key is visible", id.T("desk.none"), "⟦desk.none⟧"},
		{"a missing value is visible", id.T("desk.hi"), "Selamat pagi, ⟦name⟧."},
		{"a value without a name is not taken", id.T("desk.hi", "name"), "Selamat pagi, ⟦name⟧."},
		{"one form in Indonesian", id.N("desk.hits", 2), "2 pelanggan"},
		{"one in English", en.N("desk.hits", 1), "1 customer"},
		{"none in English", en.N("desk.hits", 0), "0 customers"},
		{"many in English", en.N("desk.hits", 12345), "12,345 customers"},
		{"many in Indonesian", id.N("desk.hits", 12345), "12.345 pelanggan"},
		{"a time", id.T("desk.since", "at", at), "sejak 23 November 2026 15.04 WIB"},
		{"a time in another zone", en.T("desk.since", "at", at), "since 23 November 2026 17:04 WIT"},
		{"arguments of an error", id.Args("desk.wait", map[string]any{"s": 3}), "3 dtk"},
		{"arguments of other types", id.Args("desk.wait", map[string]any{"s": 2.5}), "2.5 dtk"},
		{"a truth", id.T("desk.wait", "s", true), "true dtk"},
		{"something that writes itself", id.T("desk.wait", "s", time.Second), "1s dtk"},
		{"other texts", en.T("desk.hi", "name", i18n.Texts{"desk.plain", "desk.plain"}), "Good morning, Yes, Yes."},
		{"a 64-bit number", id.T("desk.wait", "s", int64(1000)), "1.000 dtk"},
		{"no values at hand", id.Bare("desk.hi"), "Selamat pagi, …."},
		{"a plural counts its first whole number", en.T("desk.waits", "of", 5, "who", "Rina", "s", 1), "Rina: 1 second of 5"},
		{"and that of an error", en.Args("desk.waits", map[string]any{"who": "Rina", "s": int64(2), "of": 1}), "Rina: 2 seconds of 1"},
		{"without a number it is many", en.Bare("desk.waits"), "…: … seconds of …"},
		{"n is counted before others", en.N("desk.waits", 1, "who", "Rina", "s", 7, "of", 7), "Rina: 7 second of 7"},
		{"one form counts as well", id.T("desk.waits", "of", 5, "who", "Rina", "s", 1), "Rina: 1 detik dari 5"},
		{"a plural form with a name", en.N("desk.hi", 2, "name", "A"), "Good morning, A."},
		{"a plural form without it", en.N("desk.hi", 2), "Good morning, ⟦name⟧."},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %q, not %q", tc.name, tc.got, tc.want)
		}
	}
	if !id.Has("desk.hi") || id.Has("desk.none") || id.Lang() != i18n.ID {
		t.Error("Has or Lang is wrong")
	}
	if diff := cmp.Diff([]string{"desk.hi", "desk.hits", "desk.plain", "desk.since", "desk.wait", "desk.waits"}, c.Keys(i18n.EN)); diff != "" {
		t.Error(diff)
	}
}

func TestDatesTimesNumbersAndRupiahFollowTheReader(t *testing.T) {
	c := load(t, `{}`, `{}`)
	id, en := c.For(i18n.ID, nil), c.For(i18n.EN, nil)
	at := time.Date(2026, 1, 31, 20, 30, 9, 0, time.UTC) // already February in Jakarta
	for _, tc := range []struct{ got, want string }{
		{id.Date(at), "1 Februari 2026"}, {en.Date(at), "1 February 2026"},
		{id.Time(at), "03.30 WIB"}, {en.Time(at), "03:30 WIB"},
		{id.Clock(at), "03.30.09 WIB"}, {en.Clock(at), "03:30:09 WIB"},
		{id.DateTime(at), "1 Februari 2026 03.30 WIB"},
		{id.Date(time.Time{}), "–"}, {id.Time(time.Time{}), "–"}, {id.Clock(time.Time{}), "–"}, {id.DateTime(time.Time{}), "–"},
		{strings.Join(id.Apart([]time.Time{at, at.AddDate(-3, 0, 0), {}}, "?"), "; "), "2026; 2023; ?"},
		{strings.Join(id.Apart([]time.Time{at, at.AddDate(0, 0, 3)}, "?"), "; "), "1 Februari 2026; 4 Februari 2026"},
		{strings.Join(en.Apart([]time.Time{at, at, {}, {}}, "?"), "; "), "1 February 2026; 1 February 2026 (2); ?; ? (2)"},
		{strings.Join(id.Apart(nil, "?"), "; "), ""},
		{id.Number(0), "0"}, {id.Number(999), "999"}, {id.Number(-1000), "-1.000"}, {en.Number(1234567), "1,234,567"},
		{id.Rupiah(1500000), "Rp1.500.000"}, {id.Rupiah(-5000), "-Rp5.000"}, {en.Rupiah(1500000), "IDR 1,500,000"}, {en.Rupiah(-5000), "-IDR 5,000"},
		{id.Duration(0), "0 dtk"}, {id.Duration(65 * time.Second), "1 mnt 5 dtk"}, {en.Duration(2*time.Hour + 5*time.Minute), "2 h 5 min"},
		{id.Duration(50 * time.Hour), "2 hr 2 jam"}, {en.Duration(time.Hour), "1 h"}, {en.Duration(-time.Minute), "-1 min"},
	} {
		if tc.got != tc.want {
			t.Errorf("%q, not %q", tc.got, tc.want)
		}
	}
}

func TestZonesOfIndonesiaNeedNoZoneDatabase(t *testing.T) {
	for name, want := range map[string]*time.Location{"": i18n.WIB, "WIB": i18n.WIB, "Asia/Jakarta": i18n.WIB, "WITA": i18n.WITA, "Asia/Makassar": i18n.WITA, "WIT": i18n.WIT, "Asia/Jayapura": i18n.WIT, "UTC": time.UTC} {
		if z, err := i18n.Zone(name); err != nil || z.String() != want.String() {
			t.Errorf("%s: %v %v", name, z, err)
		}
	}
	if _, err := i18n.Zone("Atlantis"); err == nil {
		t.Error("a zone that is not there was found")
	}
}

func TestTheLanguageIsChosenByQueryCookieHeaderAndThenIndonesian(t *testing.T) {
	for _, tc := range []struct {
		query, cookie, accept string
		want                  i18n.Lang
	}{
		{"", "", "", i18n.ID},
		{"en", "id", "id", i18n.EN},
		{"xx", "en", "id", i18n.EN},
		{"", "", "en-GB,en;q=0.8", i18n.EN},
		{"", "", "id-ID,en;q=0.8", i18n.ID},
		{"", "", "fr;q=0.9,en;q=0.1", i18n.EN},
		{"", "", "fr", i18n.ID},
		{"", "", "\x00garbage;;;", i18n.ID},
		{"", "", strings.Repeat("en,", 100), i18n.ID},
	} {
		if got := i18n.Choose(tc.query, tc.cookie, tc.accept); got != tc.want {
			t.Errorf("%q %q %q: %s", tc.query, tc.cookie, tc.accept, got)
		}
	}
}

func TestMalformedCataloguesAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"no object": `[]`, "not JSON": `{`, "a number": `{"desk.a": 1}`, "a list of numbers": `{"desk.a": [1]}`, "no plural form": `{"desk.a": []}`,
		"a key twice": `{"desk.a": "x", "desk.a": "y"}`, "an open brace": `{"desk.a": "{x"}`, "a closing brace": `{"desk.a": "x}"}`, "a strange placeholder": `{"desk.a": "{X y}"}`,
		"another room's key": `{"vault.a": "x"}`, "a key without a room": `{"a": "x"}`, "something after": `{} {}`, "a broken value": `{"desk.a": x}`, "a broken end": `{"desk.a": "x"`, "a broken key": `{x`,
	} {
		if _, err := i18n.Load(i18n.Source{Room: "desk", FS: texts(text, `{}`)}); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := i18n.Load(i18n.Source{Room: "desk", FS: fstest.MapFS{}}); err == nil {
		t.Error("missing files are accepted")
	}
	both := texts(`{"desk.a": "x"}`, `{"desk.a": "x"}`)
	if _, err := i18n.Load(i18n.Source{Room: "desk", FS: both}, i18n.Source{Room: "vault", Also: []string{"desk"}, FS: both}); err == nil {
		t.Error("a key of two rooms is accepted")
	}
	if _, err := i18n.Load(i18n.Source{Room: "silent"}); err != nil {
		t.Error("a room without texts is refused:", err)
	}
}

func TestCheckFindsWhatDiffersBetweenTheLanguages(t *testing.T) {
	good := texts(`{"desk.a": "{x} dan {y}", "desk.a.next": "n", "desk.n": ["{n} hal"]}`, `{"desk.a": "{y} and {x}", "desk.a.next": "n", "desk.n": ["{n} thing", "{n} things"]}`)
	if faults := i18n.Check(i18n.Source{Room: "desk", FS: good}); faults != nil {
		t.Error(faults)
	}
	for want, fs := range map[string]fstest.MapFS{
		"en: desk.a is missing":     texts(`{"desk.a": "x"}`, `{}`),
		"id: desk.a is missing":     texts(`{}`, `{"desk.a": "x"}`),
		"placeholders differ":       texts(`{"desk.a": "{x}"}`, `{"desk.a": "{y}"}`),
		"has 1 plural forms, not 2": texts(`{"desk.a": ["{n}"]}`, `{"desk.a": ["{n}"]}`),
		"plural in one language":    texts(`{"desk.a": ["x"]}`, `{"desk.a": "x"}`),
		"keys are sorted":           texts(`{"desk.b": "x", "desk.a": "x"}`, `{"desk.a": "x", "desk.b": "x"}`),
		"is empty":                  texts(`{"desk.a": ""}`, `{"desk.a": "x"}`),
		"has no desk.a":             texts(`{"desk.a.say": "x"}`, `{"desk.a.say": "x"}`),
		"the room's name":           texts(`{"vault.a": "x"}`, `{"vault.a": "x"}`),
		"not a JSON object":         texts(`x`, `{}`),
	} {
		faults := i18n.Check(i18n.Source{Room: "desk", FS: fs})
		if !strings.Contains(strings.Join(faults, "\n"), want) {
			t.Errorf("%q is not among %v", want, faults)
		}
	}
}

func TestEveryErrorCodeNeedsWhatHappenedAndWhatToDoNext(t *testing.T) {
	s := i18n.Source{Room: "desk", FS: texts(`{"desk.a": "x", "desk.a.next": "y", "desk.b": "x"}`, `{"desk.a": "x", "desk.a.next": "y", "desk.b": "x"}`)}
	want := []string{"id: error code desk.b: desk.b.next is missing", "en: error code desk.b: desk.b.next is missing"}
	if diff := cmp.Diff(want, i18n.CheckCodes(s, []string{"desk.a", "desk.b"})); diff != "" {
		t.Error(diff)
	}
	if i18n.CheckCodes(i18n.Source{Room: "desk", FS: fstest.MapFS{}}, nil) == nil {
		t.Error("missing files are no fault")
	}
}
