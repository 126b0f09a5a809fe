package exact_test

import (
	"fmt"

	"github.com/amanah-id/amanah/pii/exact"
)

func Example() {
	filterKey, confirmKey := make([]byte, 16), make([]byte, 32) // random ones in earnest
	keys, err := exact.NewKeys(filterKey, confirmKey)
	if err != nil {
		panic(err)
	}
	table := exact.NewMemory()
	index := exact.NewIndex(keys, table)
	customer := exact.Record{1}
	for field, value := range map[exact.Field]string{exact.Name: "Budi Santoso", exact.BirthDate: "1990-08-17", exact.Phone: "+6281234567890"} {
		prints, err := keys.Prints(field, value)
		if err != nil {
			panic(err)
		}
		table.Put(customer, prints...)
		index.Add(customer, prints...)
	}
	for _, text := range []string{"SANTOSO, Budi (17 Agustus 1990)", "hubungi 0812-3456-7890", "hubungi 0812-3456-7891", "halo Budi Santoso"} {
		hits, err := index.Match(nil, []byte(text))
		if err != nil {
			panic(err)
		}
		findings, err := index.Judge(nil, hits)
		if err != nil {
			panic(err)
		}
		counts := len(findings) > 0 && findings[0].Score > exact.Alert
		fmt.Printf("%s: %d hits, counts: %v\n", text, len(hits), counts)
	}
	// Output:
	// SANTOSO, Budi (17 Agustus 1990): 2 hits, counts: true
	// hubungi 0812-3456-7890: 1 hits, counts: true
	// hubungi 0812-3456-7891: 0 hits, counts: false
	// halo Budi Santoso: 1 hits, counts: false
}
