// Package results writes what a measuring task found to a file that prose tables
// are generated from.
package results

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/effir/effir/internal/atomicfile"
)

// Figures are named numbers; the name carries the unit (guest_brotli_bytes). One
// that was not measured is NaN here and null in the file.
type Figures map[string]float64

// Record is the content of a results file.
type Record struct {
	Figures Figures `json:"figures"`
	// Missing says of figures that were not measured why.
	Missing map[string]string `json:"missing,omitempty"`
	Machine string            `json:"machine"`
	Commit  string            `json:"commit"`
	Date    string            `json:"date"`
}

// Write stores figures with the machine, commit and day they were measured on.
func Write(path string, figures Figures) error { return WriteWith(path, figures, nil) }

// WriteWith is Write with reasons for the figures that were not measured.
func WriteWith(path string, figures Figures, missing map[string]string) error {
	all := maps.Clone(figures)
	for name := range missing {
		all[name] = math.NaN()
	}
	record := Record{Figures: all, Missing: missing, Machine: Machine(), Commit: commit(), Date: time.Now().UTC().Format(time.DateOnly)}
	text, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(path, append(text, '\n'))
}

// MarshalJSON implements json.Marshaler.
func (f Figures) MarshalJSON() ([]byte, error) {
	values := make(map[string]*float64, len(f))
	for name, x := range f {
		if values[name] = &x; math.IsNaN(x) {
			values[name] = nil
		}
	}
	return json.Marshal(values)
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *Figures) UnmarshalJSON(text []byte) error {
	var values map[string]*float64
	if err := json.Unmarshal(text, &values); err != nil {
		return err
	}
	*f = make(Figures, len(values))
	for name, x := range values {
		(*f)[name] = math.NaN()
		if x != nil {
			(*f)[name] = *x
		}
	}
	return nil
}

// Read loads a results file.
func Read(path string) (*Record, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := new(Record)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w; run the task that writes it again", path, err)
	}
	return r, nil
}

// Machine describes this computer: CPU, number of cores, operating system.
func Machine() string {
	return fmt.Sprintf("%s, %d cores, %s/%s", cpu(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
}

// cpu returns the processor's name, with family and model where the name alone
// does not tell generations apart.
func cpu() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown CPU"
	}
	found := map[string]string{}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		if key = strings.TrimSpace(key); found[key] == "" {
			found[key] = strings.TrimSpace(value)
		}
	}
	return fmt.Sprintf("%s (family %s model %s)", found["model name"], found["cpu family"], found["model"])
}

// commit returns the checked-out commit, marked when anything but results differs
// from it.
func commit() string {
	out, err := exec.Command("git", "describe", "--always", "--exclude=*", "--abbrev=12").Output()
	if err != nil {
		return "unknown"
	}
	name := strings.TrimSpace(string(out))
	changes, err := exec.Command("git", "status", "--porcelain", "--untracked-files=no", "--", ":/", ":(top,exclude)docs/results").Output()
	if err != nil || len(changes) > 0 {
		name += "-dirty"
	}
	return name
}
