package measure

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/toolchain/results"
)

// Record is the content of a benchmark's results file: one of package results, whose figures are the
// benchmark's own, with what they were computed from.
type Record struct {
	results.Record
	Systems map[string]string `json:"systems"` // version of each system by its name
	Series  []Summary         `json:"series"`
}

// Summary is a series in a results file.
type Summary struct {
	Name   string  `json:"name"`
	Unit   string  `json:"unit"`
	Median float64 `json:"median"`
	Spread float64 `json:"spread"` // median absolute deviation
	Least  float64 `json:"least"`
	Count  int     `json:"count"`
}

// Summarise leaves out series without values.
func Summarise(series []Series) []Summary {
	var out []Summary
	for _, s := range series {
		if len(s.Values) > 0 {
			out = append(out, Summary{s.Name, s.Unit, round(s.Median()), round(s.Spread()), round(s.Least()), len(s.Values)})
		}
	}
	return out
}

// Write stores a benchmark's results with the machine, commit and day. Figures that are NaN and that
// missing gives a reason for stand as not measured; the folder is made if it does not exist.
func Write(path string, figures results.Figures, missing, systems map[string]string, series []Series) (*Record, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	// Package results knows the commit: it writes its record, which is then completed.
	plain := path + ".tmp"
	defer os.Remove(plain)
	rounded := results.Figures{}
	for name, x := range figures {
		rounded[name] = round(x)
	}
	if err := results.WriteWith(plain, rounded, missing); err != nil {
		return nil, err
	}
	read, err := results.Read(plain)
	if err != nil {
		return nil, err
	}
	record := &Record{Record: *read, Systems: systems, Series: Summarise(series)}
	text, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return nil, err
	}
	return record, atomicfile.Write(path, append(text, '\n'))
}

// Read loads a results file that Write made.
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

// round keeps five significant digits: more than a measurement carries.
func round(x float64) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 5, 64), 64)
	if err != nil {
		return x
	}
	return rounded
}
