package tagger

import (
	_ "embed"
	"sync"
)

//go:embed model.bin
var modelBytes []byte

// Trained is the model that `make model` writes.
var Trained = sync.OnceValue(func() *Model { return must(modelBytes) })

// must reads bytes that are part of the program.
func must(b []byte) *Model {
	m, err := Read(b)
	if err != nil {
		panic(err)
	}
	return m
}
