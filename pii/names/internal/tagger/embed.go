package tagger

import (
	_ "embed"
	"sync"
)

//go:embed model.bin
var modelBytes []byte

// Trained is the model that `make model` writes.
var Trained = sync.OnceValue(func() *Model {
	m, err := Read(modelBytes)
	if err != nil {
		panic(err) // the bytes are part of the program
	}
	return m
})
