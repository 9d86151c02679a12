// Command corpus makes the site that bench:web searches: the Python documentation as Debian ships
// it, records of small collections as a page each, and generated pages. The same sources give the
// same bytes.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/internal/atomicfile"
)

func main() { measure.Main("corpus", run) }

// options are the command's flags.
type options struct {
	out       string
	python    string
	records   string
	pages     int
	generated int
}

func run(ctx context.Context, args []string, log io.Writer) error {
	var o options
	flags := flag.NewFlagSet("corpus", flag.ContinueOnError)
	flags.SetOutput(log)
	flags.StringVar(&o.out, "out", filepath.Join("build", "bench", "web", "site"), "`folder` of the site")
	flags.StringVar(&o.python, "python", "", "`folder` of the Python documentation's HTML (default: that of Debian's package python3.11-doc, which is downloaded if it is not installed)")
	flags.StringVar(&o.records, "records", "", "`folder` with foldoc.jsonl, manpages.jsonl and tldr.jsonl; what is missing is replaced by generated pages")
	flags.IntVar(&o.pages, "pages", 10_000, "`number` of pages in all")
	flags.IntVar(&o.generated, "generated", 1000, "`number` of pages that are generated even if there are records enough")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.generated < 0 || o.pages < 1 {
		return fmt.Errorf("--pages %d, --generated %d: give at least one page, and none less than zero", o.pages, o.generated)
	}
	about, err := build(ctx, o, log)
	if err != nil {
		return err
	}
	fmt.Fprintf(log, "%s: %d pages, %.1f MB: %d of the Python documentation, %d of records, %d generated\n",
		o.out, about.Pages, float64(about.Bytes)/1e6, about.Sources["python"], about.Pages-about.Sources["python"]-about.Sources["generated"], about.Sources["generated"])
	return nil
}

// about is what is known of a corpus. It lies beside the site.
type about struct {
	Pages   int            `json:"pages"`
	Bytes   int64          `json:"bytes"`
	Sources map[string]int `json:"sources"` // pages by folder
	SHA256  string         `json:"sha256"`  // of names and contents
}

// build makes the site, unless it is there already.
func build(ctx context.Context, o options, log io.Writer) (*about, error) {
	folder, err := pythonFolder(ctx, o.python, filepath.Join(filepath.Dir(o.out), "python3.11-doc"), log)
	if err != nil {
		return nil, err
	}
	pages, err := readPython(ctx, folder)
	if err != nil {
		return nil, err
	}
	if len(pages) > o.pages {
		return nil, fmt.Errorf("--pages %d: the Python documentation alone has %d", o.pages, len(pages))
	}
	documentation := pages
	records, err := readRecords(o.records, max(0, o.pages-len(pages)-o.generated))
	if err != nil {
		return nil, err
	}
	pages = append(pages, records...)
	made, err := generate(ctx, documentation, o.pages-len(pages))
	if err != nil {
		return nil, err
	}
	pages = append(pages, made...)
	now := describe(pages)
	path := o.out + ".json"
	if text, err := os.ReadFile(path); err == nil {
		var before about
		if _, err := os.Stat(o.out); err == nil && json.Unmarshal(text, &before) == nil && before.SHA256 == now.SHA256 {
			return now, nil
		}
	}
	if err := write(ctx, o.out, pages); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(now, "", "  ")
	if err != nil {
		return nil, err
	}
	return now, atomicfile.Write(path, append(text, '\n'))
}
