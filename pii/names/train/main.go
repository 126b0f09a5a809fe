// Command train makes the model of package names.
//
// It reads labelled news texts (NERGRIT and NERP, their licences in ../NOTICE), word lists, templates of what is said in a call center, and
// messages of one (lines.go), all below testdata, trains a linear-chain conditional random field, and writes the model with its
// digest and that of the data. The same data give the same bytes on every machine: nothing here asks the clock, chance is
// seeded, no map is walked in its own order, and no product is fused with a sum. `make model` runs it; tests compare the digests.
package main

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
)

func main() {
	data := flag.String("data", "pii/names/train/testdata", "folder of the training data")
	out := flag.String("out", "pii/names/internal/tagger/model.bin", "file of the model")
	flag.Parse()
	if err := run(os.DirFS(*data), *out, final); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run makes the model and writes it and its digests.
func run(data fs.FS, out string, r recipe) error {
	model, err := build(data, r)
	if err != nil {
		return err
	}
	if err := os.WriteFile(out, model, 0o600); err != nil {
		return err
	}
	sums, err := digests(data, model)
	if err != nil {
		return err
	}
	return os.WriteFile(out+".sum", []byte(sums), 0o600)
}
