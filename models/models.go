// Package models holds the released model packages, so that a program has its
// model without a download:
//
//	e, err := native.Open(models.Default(), native.Options{})
//
// It adds all of their files to a program, 14 MB. Import it in native programs
// only: in a browser or an edge worker a package is fetched next to the program,
// and cached. README.md beside this file says how the models were made, what they
// score and where they end.
package models

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// DefaultName names the package that every command and the demo use unless told
// otherwise: bge-small, with half of its MLPs dropped and the others narrowed.
const DefaultName = "bge-small-slim"

// A package's licence goes where its weights go.
//
//go:embed bge-small-slim/model.json bge-small-slim/*.bin bge-small-slim/LICENSE
var files embed.FS

// Default returns the package DefaultName: model.json, the files that it names
// and LICENSE.
func Default() fs.FS {
	dir, err := Open(DefaultName)
	if err != nil { // it was there when this program was compiled
		panic(err)
	}
	return dir
}

// Names returns the released packages, in alphabetical order.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil { // an embedded folder has no other file system below it
		panic(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// Open returns a released package by name.
func Open(name string) (fs.FS, error) {
	if !slices.Contains(Names(), name) {
		return nil, fmt.Errorf("models: there is no released package %q, only %s", name, strings.Join(Names(), ", "))
	}
	return fs.Sub(files, name)
}
