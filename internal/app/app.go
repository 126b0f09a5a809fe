// Package app wires the rooms into one program.
//
// It is the only room that knows all others. The wiring (house.go) is plain code, top to bottom: configuration,
// database, audit log, keyring, gate and its fact providers, rooms, web, jobs. There is no registry and no
// injection: what a room gets is what the line that makes it says.
//
// Found makes a new installation, Open opens one that exists, House.Run serves it until it is told to stop. The command
// line that calls them is package command; a Trial is the same house for measurements and for tests from outside.
package app

import (
	"embed"
	"runtime/debug"
)

// Messages are the texts of this package and of those below it, in Indonesian and English.
//
//go:embed messages/*.json
var Messages embed.FS

// Version says what this program was built from.
func Version() (version, commit, goVersion string) {
	version, goVersion = "unreleased", "unknown"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return version, commit, goVersion
	}
	goVersion = info.GoVersion
	if v := info.Main.Version; v != "" && v != "(devel)" {
		version = v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			commit = s.Value
		}
	}
	return version, commit, goVersion
}
