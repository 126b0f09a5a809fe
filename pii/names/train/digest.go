package main

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"strings"
)

// digests names every file of the data with its digest, and the model's.
func digests(data fs.FS, model []byte) (string, error) {
	var b strings.Builder
	err := fs.WalkDir(data, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(data, path)
		if err == nil {
			fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(text), path)
		}
		return err
	})
	fmt.Fprintf(&b, "%x  model\n", sha256.Sum256(model))
	return b.String(), err
}
