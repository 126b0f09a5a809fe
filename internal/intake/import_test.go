package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/db/dbtest"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/audit"
	"github.com/amanah-id/amanah/internal/trust/catalog"
)

func each(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	dbtest.Each(t, schemas(), func(t *testing.T, d *db.DB) { test(t, newHouse(t, d)) })
}

func TestAFileBecomesCustomers(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		run := h.load("\ufeff" + header +
			"A-1;\"Siti, Nurhaliza\";0812-1111-2222;05/06/2023;021-555 1234;siti@contoh.example;;01/02/1990;\"baris satu\nbaris \"\"dua\"\"\";rahasia dapur\n" +
			"A-2;Budi Santoso;'081322223333;;;;;;=cmd|' /C calc'!A0;\n" +
			"\n" +
			"A-3;Made Wirawan;=\"081344445555\";2023-06-05T10:00:00Z;;;3171012902800001;;;\n")
		if run.Counts != (Counts{Records: 3, Created: 3}) || run.FinishedAt.IsZero() {
			t.Fatalf("%+v", run)
		}
		for number, want := range map[string]string{
			"A-1": "birth_date=1990-02-01 | customer_number=A-1 | email=siti@contoh.example | extra_tier=baris satu\nbaris \"dua\" | name=Siti, Nurhaliza | phone=+6281211112222@2023-06-05 | phone=+62215551234@2020-01-31",
			"A-2": "customer_number=A-2 | extra_tier==cmd|' /C calc'!A0 | name=Budi Santoso | phone=+6281322223333",
			"A-3": "customer_number=A-3 | name=Made Wirawan | nik=3171012902800001 | phone=+6281344445555@2023-06-05",
		} {
			if got := h.show(h.find("customer_number", number)); got != want {
				t.Errorf("%s:\n got %s\nwant %s", number, got, want)
			}
		}
		if h.find("phone", "081344445555") != h.find("customer_number", "A-3") {
			t.Error("not found by phone")
		}
		if got := h.rejects(run.ID); got != "line,column,code,reason\n" {
			t.Error(got)
		}
		if n := h.count(`select count(*) from intake_chunk`); n != 0 {
			t.Errorf("%d checkpoints are left", n)
		}
		page := h.entries("customer.import")
		if len(page) != 1 || page[0].Leaf.Count != 3 || page[0].Leaf.Ref != run.ID || page[0].Leaf.Purpose != purpose || len(page[0].Leaf.Fields) != 6 {
			t.Errorf("entries %+v", page)
		}
	})
}

func TestTheSameFileAgainChangesNothingAndAnotherOneOnlyWhatDiffers(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		file := header + "A-1;Siti;081211112222;05/06/2023;;siti@contoh.example;;;emas;\nA-2;Budi;081322223333;;;;;;;\n"
		h.load(file)
		one := h.find("customer_number", "A-1")
		if run := h.load(file); run.Counts != (Counts{Records: 2, Same: 2}) {
			t.Errorf("again: %+v", run.Counts)
		}
		var version int64
		h.read(func(tx *db.Tx) error {
			s, err := h.vault.Subject(tx, one)
			version = s.Version
			return err
		})
		if version != 1 {
			t.Errorf("version %d after nothing changed", version)
		}
		// a new phone beside the old one, an empty cell, a registration day for a known contact
		today := h.db.Now().Format(time.DateOnly)
		run := h.load(header + "a-1;Siti;081211112222;;021-555 1234;;;;;\nA-2;Budi;081322223333;07/08/2022;;;;;;\nA-3;Made;;;;;;;;\n")
		if run.Counts != (Counts{Records: 3, Created: 1, Changed: 2}) {
			t.Errorf("another file: %+v", run.Counts)
		}
		if got, want := h.show(one), "customer_number=A-1 | email=siti@contoh.example | extra_tier=emas | name=Siti | phone=+6281211112222@2023-06-05 | phone=+62215551234@"+today; got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
		if got, want := h.show(h.find("customer_number", "A-2")), "customer_number=A-2 | name=Budi | phone=+6281322223333@"+today; got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
		page := h.entries("process")
		if first := page[len(page)-1].Leaf; first.Ground != "duty:import" || first.Count != 2 || first.Decision != "allowed" {
			t.Errorf("entry of the comparison: %+v", first)
		}
	})
}

func TestAnImportOverAKnownCustomerMakesNoContactOlderThanItIs(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		today := h.db.Now().Format(time.DateOnly)
		h.load(header + "A-1;Siti;081211112222;05/06/2023;0215551234;;;;;\n")
		who := h.find("customer_number", "A-1")
		const kept = "customer_number=A-1 | name=Siti | phone=+6281211112222@2023-06-05 | phone=+62215551234@2020-01-31"
		for _, step := range []struct{ name, line, want string }{
			{"as it was", "A-1;Siti;081211112222;05/06/2023;0215551234;;;;;", kept},
			{"an earlier day", "A-1;Siti;081211112222;05/06/2001;0215551234;;;;;", kept},
			{"a later day", "A-1;Siti;081211112222;06/06/2024;0215551234;;;;;", strings.Replace(kept, "2023-06-05", "2024-06-06", 1)},
			{"the file of before", "A-1;Siti;081211112222;05/06/2023;0215551234;;;;;", strings.Replace(kept, "2023-06-05", "2024-06-06", 1)},
			{"another number", "A-1;Siti;081399998888;05/06/2019;0215551234;;;;;", "customer_number=A-1 | name=Siti | phone=+6281399998888@" + today + " | phone=+62215551234@2020-01-31"},
			{"the first number again", "A-1;Siti;081211112222;05/06/2019;0215551234;;;;;", "customer_number=A-1 | name=Siti | phone=+6281211112222@" + today + " | phone=+62215551234@2020-01-31"},
		} {
			r, err := h.intake.Check(context.Background(), h.duty, h.job(header+step.line+"\n"))
			if err != nil || r.Known != 1 || r.Dated != 2 {
				t.Errorf("%s: the dry run says %+v, %v", step.name, r, err)
			}
			h.load(header + step.line + "\n")
			if got := h.show(who); got != step.want {
				t.Errorf("%s:\n got %s\nwant %s", step.name, got, step.want)
			}
		}
		soon := h.db.Now().AddDate(0, 0, 2).Format("02/01/2006")
		run := h.load(header + "A-1;Siti;081211112222;" + soon + ";;;;;;\nA-2;Budi;081322223333;" + soon + ";;;;;;\n")
		if got, want := h.rejects(run.ID), "line,column,code,reason\n2,Tgl HP,intake.registered_future,-\n3,Tgl HP,intake.registered_future,-\n"; got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	})
}

func TestARecordThatDoesNotFitIsRejectedWithLineColumnAndReasonOnly(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		long := strings.Repeat("x", MaxRecord)
		run := h.load(header +
			"A-1;Siti;bukan nomor;;;;;;;\n" + // 2
			";Tanpa Nomor;;;;;;;;\n" + // 3
			"A-2;Budi;;;;;;31/02/1990;;\n" + // 4
			"A-3;Made;0812;zzz;;;;;;\n" + // 5
			"A-4;Kurang\n" + // 6
			"A-5;\"" + long + "\n" + // 7
			"A-6;Rusak\xff;;;;;;;;\n" + // 8
			"A-7;Baik;;;;;3171012902800001;;;\n" + // 9
			"A-8;Kembar;;;;;3171012902800001;;;\n" + // 10
			"a-7;Baik Sekali;;;;;;;;\n" + // 11
			"A-9;\"Terbuka;;;;;;;\n" + // 12
			"A-10;Hilang;;;;;;;;\n" + // 13
			"A-11;\"Juga\";;;;;;;;\n" + // 14
			"A-3;Made Lagi;;;;;;;;\n" + // 15
			"A-12;Lain;;;;;3171012902800001;;;\n") // 16
		if run.Counts != (Counts{Records: 13, Created: 1, Rejected: 12}) {
			t.Errorf("%+v", run.Counts)
		}
		want := "line,column,code,reason\n" +
			"2,HP,catalog.phone,-\n" +
			"3,No Pelanggan,intake.no_customer_number,-\n" +
			"4,Lahir,catalog.date,-\n" +
			"5,Tgl HP,intake.registered,-\n" +
			"6,,intake.columns,-\n" +
			"7,,intake.record_too_long,-\n" +
			"8,,intake.encoding,-\n" +
			"10,NIK,intake.repeated,9\n" +
			"11,No Pelanggan,intake.repeated,9\n" +
			"12,,intake.quote_open,14\n" +
			"15,No Pelanggan,intake.repeated,5\n" +
			"16,NIK,intake.repeated,9\n"
		if got := h.rejects(run.ID); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
		run = h.load(header + "A-20;Kembar;;;;;3171012902800001;;;\nA-21;Baru;;;;;;;;\n")
		if got := h.rejects(run.ID); got != "line,column,code,reason\n2,NIK,vault.taken,-\n" || run.Created != 1 {
			t.Errorf("a number of a customer of another file: %s %+v", got, run.Counts)
		}
		if got := h.show(h.find("customer_number", "A-7")); got != "customer_number=A-7 | name=Baik | nik=3171012902800001" {
			t.Error(got)
		}
	})
}

func people(n int) string {
	var b strings.Builder
	b.WriteString(header)
	for i := range n {
		fmt.Fprintf(&b, "C-%d;Orang Ke %d;08127%07d;05/06/2023;;orang%d@contoh.example;;;;\n", i, i, i, i)
	}
	return b.String()
}

var errKilled = errors.New("killed")

func TestAnImportThatWasKilledGoesOnWhereItStopped(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		file := people(1000)
		file += file[len(header) : strings.Index(file[len(header):], "\n")+len(header)+1] // the first customer again
		ctx, kill := context.WithCancelCause(context.Background())
		chunks := 0
		j := h.job(file)
		j.Progress = func(p Progress) {
			if chunks++; chunks == 5 {
				kill(errKilled)
			}
		}
		first, err := h.intake.Import(ctx, h.duty, j)
		if err == nil {
			t.Fatal("the import was not stopped")
		}
		stored := h.count(`select count(*) from vault_subject`)
		if stored == 0 || stored == 1000 || stored%chunkRows != 0 {
			t.Fatalf("%d customers after the kill", stored)
		}
		status, err := h.intake.Status(context.Background(), h.duty, first.ID)
		if err != nil || status.Created != stored || !status.FinishedAt.IsZero() {
			t.Errorf("status %+v, %v", status, err)
		}
		opened := len(h.entries("process"))
		second := h.load(file)
		if second.ID != first.ID {
			t.Error("a second import was begun")
		}
		if second.Counts != (Counts{Records: 1001, Created: 1000, Rejected: 1}) {
			t.Errorf("%+v", second.Counts)
		}
		if got, want := h.rejects(second.ID), "line,column,code,reason\n1002,No Pelanggan,intake.repeated,2\n"; got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
		if n := h.count(`select count(*) from vault_subject`); n != 1000 {
			t.Errorf("%d customers", n)
		}
		if n := len(h.entries("process")); n != opened {
			t.Errorf("%d chunks were read a second time", n-opened)
		}
		if third := h.load(file); third.ID == first.ID || third.Counts != (Counts{Records: 1001, Same: 1000, Rejected: 1}) {
			t.Errorf("a third time: %+v", third)
		}
		if status, err := h.intake.Status(context.Background(), actor.NewClient("cli_x", nil, []string{"ctl_other"}), first.ID); code(err) != "intake.not_found" {
			t.Error(status, err)
		}
		if status, err := h.intake.Status(context.Background(), actor.NewClient("cli_x", nil, []string{controller}), first.ID); err != nil || status.Created != 1000 {
			t.Error(status, err)
		}
		if _, err := h.intake.Status(context.Background(), h.duty, "imp_none"); code(err) != "intake.not_found" {
			t.Error(err)
		}
	})
}

func TestAnImportAfterTheIndexWasLostKnowsWhoIsThere(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		file := people(50)
		h.load(file)
		if err := h.db.Write(context.Background(), func(tx *db.Tx) error {
			for _, table := range []string{"vault_unique", "vault_exact", "vault_history_seen", "vault_indexed", "vault_repair"} {
				if _, err := tx.Index.Exec(`delete from ` + table); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if r, err := h.intake.Check(context.Background(), h.duty, h.job(file)); err != nil || r.Known != 50 || r.New != 0 {
			t.Errorf("the dry run: %+v, %v", r, err)
		}
		if run := h.load(file); run.Counts != (Counts{Records: 50, Same: 50}) {
			t.Errorf("%+v", run.Counts)
		}
	})
}

func TestTwoImportsOfOneFileAtOnceMakeEachCustomerOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		file := people(300)
		done := make(chan error, 2)
		for range 2 {
			go func() {
				m, err := ParseMap([]byte(mapText), catalog.Shipped())
				if err == nil {
					_, err = h.intake.Import(context.Background(), h.duty, Job{File: strings.NewReader(file), Size: int64(len(file)), Map: m})
				}
				done <- err
			}()
		}
		for range 2 {
			if err := <-done; err != nil && !db.IsUnique(err) {
				t.Error(err)
			}
		}
		if n := h.count(`select count(*) from vault_subject`); n != 300 {
			t.Errorf("%d customers", n)
		}
	})
}

func TestADryRunSaysWhatWouldHappenAndStoresNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.load(header + "A-1;Siti;;;;;;;;\n")
		file := header +
			"A-1;Siti;081211112222;;;;;;3171012902800001;siti@contoh.example\n" +
			"A-2;Budi;081322223333;05/06/2023;0215551234;;;;budi;budi@contoh.example\n" +
			"A-3;Made;salah;;;;;;4111 1111 1111 1111;wayan@contoh.example\n" +
			"A-2;Orang Lain;;;;;;;;\n"
		r, err := h.intake.Check(context.Background(), h.duty, h.job(file))
		if err != nil {
			t.Fatal(err)
		}
		if r.Records != 4 || r.New != 1 || r.Known != 1 || r.Rejected != 2 || r.Reasons["intake.repeated"] != 1 || !slices.Contains(r.Rejects, Reject{Line: 5, Column: "No Pelanggan", Code: "intake.repeated", Other: 3}) || r.Reasons["catalog.phone"] != 1 || r.Delimiter != ';' || r.Refusal != nil {
			t.Errorf("%+v", r)
		}
		if r.Unregistered != 2 || r.Columns[2].Unregistered != 2 || r.Columns[4].Unregistered != 0 {
			t.Errorf("%d contacts without registration; %+v", r.Unregistered, r.Columns)
		}
		for i, want := range map[int]ColumnReport{
			0: {Name: "No Pelanggan", Field: "customer_number", Class: catalog.General, Filled: 3},
			3: {Name: "Tgl HP", DayOf: "HP", Filled: 1},
			8: {Name: "Keterangan", Field: "extra_tier", Class: catalog.General, Filled: 3, LooksLike: "card", Share: 33},
			9: {Name: "Catatan dalam", Filled: 3, LooksLike: "email", Share: 100},
		} {
			if got := r.Columns[i]; got != want {
				t.Errorf("column %d: %+v, want %+v", i, got, want)
			}
		}
		if n := h.count(`select count(*) from vault_subject`); n != 1 {
			t.Errorf("%d customers after a dry run", n)
		}
		if n := h.count(`select count(*) from intake_run`); n != 1 {
			t.Errorf("%d imports after a dry run", n)
		}
		if _, err := h.intake.Check(context.Background(), h.duty, Job{}); code(err) != "intake.no_map" {
			t.Error(err)
		}
	})
}

func TestAnImportThatMayNotBeIsRefusedWithAnEntry(t *testing.T) {
	h := newHouse(t, dbtest.Open(t, schemas()...))
	file := "nomor,catatan\nA-1,asma\n"
	m, err := ParseMap([]byte("version: 1\ncontroller: "+controller+"\npurpose: "+purpose+"\ncolumns:\n  nomor: {field: customer_number}\n  catatan: {field: health_note}\n"), catalog.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	j := Job{File: strings.NewReader(file), Size: int64(len(file)), Map: m}
	if _, err := h.intake.Import(context.Background(), h.duty, j); code(err) != "vault.field_not_in_purpose" {
		t.Error(err)
	}
	if r, err := h.intake.Check(context.Background(), h.duty, j); err != nil || r.Refusal == nil || r.Columns[1].Class != catalog.Specific || r.Columns[1].Kind != catalog.Health {
		t.Error(r, err)
	}
	if _, err := h.intake.Import(context.Background(), actor.NewClient("cli_x", nil, []string{controller}), h.job(people(1))); code(err) != "vault.no_scope" {
		t.Error(err)
	}
	if page := h.entries("customer.import"); len(page) != 2 || page[0].Leaf.Decision != "denied" {
		t.Errorf("%+v", page)
	}
	if n := h.count(`select count(*) from vault_subject`); n != 0 {
		t.Error("something was stored")
	}
}

func TestHistoryIsSealedAndLoadedOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.load(people(3))
		m, err := ParseFactMap([]byte("version: 1\ncontroller: " + controller + "\npurpose: " + purpose + "\ndate_format: DD/MM/YYYY\ncustomer: No\nkind: Jenis\ndate: Tanggal\nvalue: Nilai\nkinds:\n  Bayar: last_payment\n  Kunjungan: last_visit\n"))
		if err != nil {
			t.Fatal(err)
		}
		file := "No,Jenis,Tanggal,Nilai\nC-1,Bayar,01/03/2026,150000\nC-1,Kunjungan,02/03/2026,Bandung\nC-2,Bayar,01/03/2026,150000\n" +
			"C-1,Bayar,01/03/2026,150000\nC-9,Bayar,01/03/2026,1\nC-1,Lain,01/03/2026,1\nC-1,Bayar,kemarin,1\nC-1,Bayar,01/03/2026,\nC-1\n"
		j := func() Job { return Job{File: strings.NewReader(file), Size: int64(len(file)), Facts: m} }
		r, err := h.intake.Check(context.Background(), h.duty, j())
		if err != nil || r.Records != 9 || r.New != 4 || r.Rejected != 5 || r.Reasons["intake.unknown_customer"] != 1 {
			t.Errorf("dry run %+v, %v", r, err)
		}
		if n := h.count(`select count(*) from vault_history`); n != 0 {
			t.Error("a dry run stored history")
		}
		run, err := h.intake.Import(context.Background(), h.duty, j())
		if err != nil || run.Counts != (Counts{Records: 9, Created: 3, Same: 1, Rejected: 5}) {
			t.Fatal(run, err)
		}
		want := "line,column,code,reason\n6,No,intake.unknown_customer,-\n7,Jenis,intake.unknown_kind,-\n8,Tanggal,vault.bad_date,-\n9,Nilai,catalog.text,-\n10,,intake.columns,-\n"
		if got := h.rejects(run.ID); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
		again, err := h.intake.Import(context.Background(), h.duty, j())
		if err != nil || again.Counts != (Counts{Records: 9, Same: 4, Rejected: 5}) {
			t.Error(again, err)
		}
		subject := h.find("customer_number", "C-1")
		h.read(func(tx *db.Tx) error {
			facts, err := h.vault.History(tx, subject)
			if err != nil || len(facts) != 2 || facts[0].Kind != "last_payment" || facts[1].Kind != "last_visit" {
				t.Errorf("%+v, %v", facts, err)
			}
			return err
		})
	})
}

// An import goes on only with the very file and map that began it: of what was corrected in between nothing may count as done.
func TestAnImportIsKnownAgainByAllOfItsFileAndMap(t *testing.T) {
	h := newHouse(t, dbtest.Open(t, schemas()...))
	long := strings.Repeat("a,b,c\n", 60_000)
	macOf := func(file string, m *Map, f *FactMap) string {
		t.Helper()
		at := strings.NewReader(file)
		if _, err := at.Seek(3, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		mac, err := h.intake.fingerprint(Job{File: at, Size: int64(len(file)), Map: m, Facts: f})
		if err != nil {
			t.Fatal(err)
		}
		if now, _ := at.Seek(0, io.SeekCurrent); now != 3 {
			t.Error("the file is read from another place afterwards")
		}
		return string(mac)
	}
	facts := func() *FactMap {
		return &FactMap{Version: 1, Customer: "a", Kind: "b", Date: "c", Value: "c", Kinds: map[string]string{"Bayar": "last_payment"}}
	}
	customers := func() *Map {
		return &Map{Version: 1, Columns: map[string]Column{"a": {Field: "customer_number"}, "b": {Field: "name"}}}
	}
	for _, is := range [][2]string{{macOf(long, nil, facts()), macOf(long, nil, facts())}, {macOf(long, customers(), nil), macOf(long, customers(), nil)}} {
		if is[0] != is[1] {
			t.Error("the same is not known again")
		}
	}
	kinds, column, delimiter := facts(), facts(), facts()
	kinds.Kinds["Bayar"], column.Value, delimiter.Delimiter = "last_visit", "b", ","
	field, other := customers(), customers()
	field.Columns["b"] = Column{Field: "address"}
	other.Delimiter = ","
	seen := map[string]string{macOf(long, nil, facts()): "history", macOf(long, customers(), nil): "customers"}
	middle := long[:len(long)/2] + "X" + long[len(long)/2+1:]
	for what, mac := range map[string]string{
		"kinds": macOf(long, nil, kinds), "column": macOf(long, nil, column), "delimiter": macOf(long, nil, delimiter),
		"field": macOf(long, field, nil), "delimiter of customers": macOf(long, other, nil),
		"middle": macOf(middle, customers(), nil), "end": macOf(long+"x", customers(), nil),
	} {
		if was, ok := seen[mac]; ok {
			t.Errorf("another %s is taken for the same as %s", what, was)
		}
		seen[mac] = what
	}
}

func TestADayOfHistoryIsTheOneThatIsWritten(t *testing.T) {
	l := &factLayout{m: &FactMap{Customer: "No"}, width: 4, customer: 0, kind: 1, date: 2, value: 3, layout: "2006-1-2"}
	h := newHouse(t, dbtest.Open(t, schemas()...))
	number, _ := catalog.Shipped().Field(KeyField)
	for text, want := range map[string]string{
		"2026-03-01": "2026-03-01", "2026-03-01T02:00:00+07:00": "2026-03-01", "2026-03-01T23:30:00-05:00": "2026-03-01", "2026-03-01 02:00": "2026-03-01",
	} {
		it, reject := l.item(row{columns: []string{"C-1", "last_payment", text, "150000"}}, h.vault, number)
		if reject != nil || it.fact.Date.Format(time.DateOnly) != want || !it.fact.Date.Equal(it.fact.Date.Truncate(24*time.Hour)) {
			t.Errorf("%s: %v %v", text, it.fact.Date, reject)
		}
	}
}

func TestTextsAreCompleteInBothLanguages(t *testing.T) {
	for _, fault := range i18n.CheckFolder(".", i18n.Source{Room: "intake"}) {
		t.Error(fault)
	}
}

func TestEveryColumnHasAClass(t *testing.T) {
	columns, err := catalog.Columns(schema)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range columns {
		if c.Class == "" {
			t.Errorf("%s.%s has no class", c.Table, c.Name)
		}
	}
}

func TestAFileThatIsNotCleanOrNotCheckedStoresNothingAndIsRefusedWithAnEntry(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		file := header + strings.Repeat("A-1;Siti;081211112222;05/06/2023;;;;;;\n", 5000)
		var sent string
		var says error
		h.intake.o.Malware = func(_ context.Context, r io.Reader) error {
			b, err := io.ReadAll(r)
			sent = string(b)
			return errors.Join(err, says)
		}
		says = errs.New(errs.Denied, "malware.found").With("signature", "Test.One")
		for i, do := range []func() error{
			func() error { _, err := h.intake.Import(t.Context(), h.duty, h.job(file)); return err },
			func() error { _, err := h.intake.Check(t.Context(), h.duty, h.job(file)); return err },
		} {
			if err := do(); errs.CodeOf(err) != "malware.found" || argsOf(err)["signature"] != "Test.One" {
				t.Error(err)
			}
			if sent != file {
				t.Errorf("%d bytes of %d were checked", len(sent), len(file))
			}
			page := h.entries("customer.import")
			if len(page) != i+1 || page[0].Leaf.Decision != string(audit.Denied) || page[0].Leaf.Reason != "malware.found" {
				t.Errorf("entries %+v", page)
			}
		}
		if h.find("customer_number", "A-1") != "" || h.count(`select count(*) from intake_run`) != 0 {
			t.Error("something was stored")
		}
		says = errs.New(errs.Unavailable, "malware.no_answer")
		if _, err := h.intake.Import(t.Context(), h.duty, h.job(file)); errs.CodeOf(err) != "malware.no_answer" || h.find("customer_number", "A-1") != "" {
			t.Error("a file that nobody checked was taken", err)
		}
		says = nil
		if run := h.load(file); run.Created != 1 {
			t.Errorf("%+v", run)
		}
	})
}
