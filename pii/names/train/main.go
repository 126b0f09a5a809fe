// Command train makes the model of package names.
//
// It reads labelled news texts (NERGRIT and NERP, their licences in ../NOTICE), word lists, and templates of what is
// said in a call center, all below testdata, trains a linear-chain conditional random field, and writes the model with its
// digest and that of the data. The same data give the same bytes on every machine: nothing here asks the clock, chance is
// seeded, no map is walked in its own order, and no product is fused with a sum. `make model` runs it; tests compare the digests.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	data := flag.String("data", "pii/names/train/testdata", "folder of the training data")
	out := flag.String("out", "pii/names/internal/tagger/model.bin", "file of the model")
	flag.Parse()
	if err := run(*data, *out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run makes the model and writes it and its digests.
func run(data, out string) error {
	model, err := build(os.DirFS(data), final)
	if err != nil {
		return err
	}
	if err := os.WriteFile(out, model, 0o644); err != nil {
		return err
	}
	sums, err := digests(os.DirFS(data), model)
	if err != nil {
		return err
	}
	return os.WriteFile(out+".sum", []byte(sums), 0o644)
}
