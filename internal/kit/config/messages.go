package config

import "embed"

// Messages are the texts of this package's error codes, in Indonesian and English.
//
//go:embed messages/*.json
var Messages embed.FS
