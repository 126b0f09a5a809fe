package bench

import (
	"fmt"

	"github.com/amanah-id/amanah/internal/vault"
)

// Record is what is known of the i-th customer that a measurement creates: six values, two of them unique, two looked
// up by. The NIK is of a district that does not exist.
func Record(i int) []vault.Input {
	day := i / 9999
	return []vault.Input{
		{Field: "customer_number", Value: fmt.Sprintf("BN-%09d", i)},
		{Field: "name", Value: "Siti Nurhaliza Hasibuan"},
		{Field: "phone", Value: RecordPhone(i)},
		{Field: "email", Value: fmt.Sprintf("catatan%d@contoh.example", i)},
		{Field: "nik", Value: fmt.Sprintf("317199%02d%02d%02d%04d", 1+day%28, 1+day/28%12, 60+day/336%40, 1+i%9999)},
		{Field: "birth_date", Value: "1990-02-01"},
	}
}

// RecordPhone is the phone of Record i.
func RecordPhone(i int) string { return fmt.Sprintf("+62849%08d", 50_000_000+i) }
