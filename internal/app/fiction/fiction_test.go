package fiction

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/amanah-id/amanah/internal/trust/catalog"
)

var day = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func TestTheSameSeedAndDayGiveTheSamePeople(t *testing.T) {
	if !reflect.DeepEqual(People(300, 1, day), People(300, 1, day.Add(5*time.Hour))) {
		t.Error("not repeatable")
	}
	if reflect.DeepEqual(People(300, 1, day), People(300, 2, day)) {
		t.Error("the seed changes nothing")
	}
}

func TestPeopleAreConsistentAndNobodys(t *testing.T) {
	cat := catalog.Shipped()
	niks, numbers, accounts := map[string]bool{}, map[string]bool{}, map[string]bool{}
	phones, names := map[string]int{}, map[string]int{}
	unknown, fresh := 0, 0
	for _, p := range People(5000, 1, day) {
		for field, value := range map[string]string{"name": p.Name, "nik": p.NIK, "kk": p.KK, "birth_date": p.Born.Format("2006-01-02"), "address": p.Address,
			"mother_maiden_name": p.Mother, "account_number": p.Account, "card_last_four": p.CardLastFour, "customer_number": p.Number} {
			f, ok := cat.Field(field)
			if !ok {
				t.Fatalf("no field %s", field)
			}
			if _, err := f.Normalise(value); err != nil {
				t.Fatalf("%s of %s: %v", field, p.Number, err)
			}
		}
		if catalog.District(p.NIK[:6]) || catalog.District(p.KK[:6]) || p.NIK[4:6] != "99" {
			t.Fatalf("%s: a district that exists", p.Number)
		}
		d := p.Born.Day()
		if p.Woman {
			d += 40
		}
		if got := int(p.NIK[6]-'0')*10 + int(p.NIK[7]-'0'); got != d || p.NIK[8:12] != p.Born.Format("0106") {
			t.Fatalf("%s: NIK and birth date disagree", p.Number)
		}
		if niks[p.NIK] || numbers[p.Number] || accounts[p.Account] {
			t.Fatalf("%s: a unique number twice", p.Number)
		}
		niks[p.NIK], numbers[p.Number], accounts[p.Account] = true, true, true
		names[p.Name]++
		for _, c := range p.Phones {
			phones[c.Value]++
			f, _ := cat.Field("phone")
			if n, err := f.Normalise(c.Value); err != nil || n != c.Value || !strings.HasPrefix(n, "+62849") {
				t.Fatalf("%s: phone %v", p.Number, err)
			}
			if c.Registered.IsZero() {
				unknown++
			} else if day.Sub(c.Registered) < 14*24*time.Hour {
				fresh++
			}
		}
		for _, c := range p.Emails {
			f, _ := cat.Field("email")
			if _, err := f.Normalise(c.Value); err != nil || !strings.HasSuffix(c.Value, ".example") {
				t.Fatalf("%s: e-mail %v", p.Number, err)
			}
		}
		if len(p.History) < 3 {
			t.Fatalf("%s has no history", p.Number)
		}
	}
	shared := 0
	for _, n := range phones {
		if n > 1 {
			shared++
		}
	}
	if shared < 200 || unknown < 50 || fresh < 100 || len(names) < 4000 {
		t.Errorf("too smooth a world: %d shared phones, %d without date, %d fresh, %d names", shared, unknown, fresh, len(names))
	}
}
