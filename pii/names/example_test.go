package names_test

import (
	"fmt"

	"github.com/amanah-id/amanah/pii/names"
)

func ExampleFind() {
	text := "rek BCA 123 a.n. Tiurma Hutapea, kirim ke Bukittinggi"
	for _, s := range names.Find(nil, []byte(text), names.Options{Least: 0.5}) {
		fmt.Printf("%v %q, %v\n", s.Kind, text[s.Start:s.End], s.Reason.Cue)
	}
	// Output:
	// person "Tiurma Hutapea", after "on behalf of" (atas nama, a.n.)
	// place "Bukittinggi",
}
