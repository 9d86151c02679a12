// Command readme writes the tables of README.md and models/README.md from the results that measuring
// tasks left in docs/results. A table stands between <!-- results NAME WORD --> and
// <!-- end -->; WORD, which may be missing, keeps the figures whose names hold it,
// or one of several, as in engines|violations.
// Between <!-- table NAME --> and <!-- end --> stands the file NAME.md, a table that
// a task wrote as a whole.
package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/toolchain/results"
)

func main() {
	check := flag.Bool("check", false, "only say whether the tables are up to date")
	flag.Parse()
	for _, path := range documents {
		if err := run(path, filepath.Join("docs", "results"), *check); err != nil {
			fmt.Fprintln(os.Stderr, "readme:", err)
			os.Exit(1)
		}
	}
}

// documents are the files with tables.
var documents = []string{"README.md", filepath.Join("models", "README.md")}

func run(path, dir string, check bool) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	updated, err := fill(string(text), dir)
	switch {
	case err != nil:
		return err
	case updated == string(text):
		return nil
	case check:
		return fmt.Errorf("%s: tables differ from %s: run `go tool task generate`", path, dir)
	}
	return atomicfile.Write(path, []byte(updated))
}

var block = regexp.MustCompile(`(?s)(<!-- (results|table) ([\w-]+)(?: ([\w|]+))? -->\n).*?<!-- end -->`)

// fill replaces every block by the table of the results that it names.
func fill(text, dir string) (string, error) {
	var failure error
	filled := block.ReplaceAllStringFunc(text, func(old string) string {
		part := block.FindStringSubmatch(old)
		content, err := contentOf(dir, part[2], part[3], part[4])
		if err != nil {
			failure = err
			return old
		}
		return part[1] + content + "<!-- end -->"
	})
	return filled, failure
}

// contentOf returns what stands in a block.
func contentOf(dir, kind, name, word string) (string, error) {
	if kind == "table" {
		text, err := os.ReadFile(filepath.Join(dir, name+".md"))
		return string(text), err
	}
	record, err := results.Read(filepath.Join(dir, name+".json"))
	if err != nil {
		return "", err
	}
	return table(record, word), nil
}

// table lists the figures whose names hold one of words, and where they were measured.
func table(r *results.Record, words string) string {
	var b strings.Builder
	b.WriteString("| figure | value |\n|---|---|\n")
	var names []string
	for name := range r.Figures {
		if !slices.ContainsFunc(strings.Split(words, "|"), func(word string) bool { return strings.Contains(name, word) }) {
			continue
		}
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		value := number(r.Figures[name])
		if reason := r.Missing[name]; reason != "" {
			value += ": " + reason
		}
		fmt.Fprintf(&b, "| %s | %s |\n", strings.ReplaceAll(name, "_", " "), value)
	}
	fmt.Fprintf(&b, "\nMeasured on %s on %s.\n", r.Machine, r.Date)
	return b.String()
}

// number writes whole numbers with separators and others with four decimals.
func number(x float64) string {
	if math.IsNaN(x) {
		return "not measured"
	}
	if x != float64(int64(x)) {
		return strconv.FormatFloat(x, 'f', 4, 64)
	}
	digits := strconv.FormatInt(int64(x), 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
