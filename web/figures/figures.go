// Package figures keeps web.json, which two tasks write: the benchmark of a site's
// search, and the tests in browser engines. Each is run on its own, so each keeps
// the machine, commit and date of its own figures.
package figures

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/toolchain/results"
)

// Record is the content of the file. Machine, commit and date at its top are those
// of all figures that no part names.
type Record struct {
	results.Record
	Parts map[string]Part `json:"parts,omitempty"`
}

// Part says where and when some of the figures were measured.
type Part struct {
	Figures []string `json:"figures"`
	Machine string   `json:"machine"`
	Commit  string   `json:"commit"`
	Date    string   `json:"date"`
}

// Read loads the file.
func Read(path string) (*Record, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := new(Record)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, errors.New(path + ": " + err.Error() + "; run the tasks that write it again")
	}
	return r, nil
}

// Merge puts figures, measured here and now, into the file and leaves the others as
// they are. part names what measured them; "" is the benchmark, whose machine,
// commit and date stand at the top of the file. missing says of figures that were
// not measured why.
func Merge(path, part string, figures results.Figures, missing map[string]string) error {
	now, err := describe(figures, missing)
	if err != nil {
		return err
	}
	r, err := Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		r, err = &Record{Record: results.Record{Machine: now.Machine, Commit: now.Commit, Date: now.Date}}, nil
	}
	if err != nil {
		return err
	}
	if r.Figures == nil {
		r.Figures = results.Figures{}
	}
	for name := range now.Figures {
		delete(r.Missing, name)
	}
	if r.Missing == nil && len(now.Missing) > 0 {
		r.Missing = map[string]string{}
	}
	maps.Copy(r.Figures, now.Figures)
	maps.Copy(r.Missing, now.Missing)
	names := slices.Sorted(maps.Keys(now.Figures))
	for other, p := range r.Parts { // a figure is of the part that measured it last
		p.Figures = slices.DeleteFunc(p.Figures, func(name string) bool { return slices.Contains(names, name) })
		if r.Parts[other] = p; len(p.Figures) == 0 {
			delete(r.Parts, other)
		}
	}
	if part == "" {
		r.Machine, r.Commit, r.Date = now.Machine, now.Commit, now.Date
	} else {
		if r.Parts == nil {
			r.Parts = map[string]Part{}
		}
		r.Parts[part] = Part{names, now.Machine, now.Commit, now.Date}
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, append(text, '\n'))
}

// describe returns the record of figures that were measured here and now.
func describe(figures results.Figures, missing map[string]string) (*results.Record, error) {
	dir, err := os.MkdirTemp("", "effir-figures-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "figures.json")
	if err := results.WriteWith(path, figures, missing); err != nil {
		return nil, err
	}
	return results.Read(path)
}
