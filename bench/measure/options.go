package measure

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/schollz/progressbar/v3"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/internal/terminal"
)

// Options are what the commands of all benchmarks have in common.
type Options struct {
	Rounds  int
	Quick   bool   // tries the benchmark out: two rounds and the least work, figures worth nothing
	Results string // the file of figures
	Report  string // the HTML report

	// defaults of the two, which a trial leaves alone
	results, report string
}

// Register adds the flags --rounds, --quick, --results and --report with their defaults.
func (o *Options) Register(flags *flag.FlagSet, rounds int, results, report string) {
	o.results, o.report = results, report
	flags.IntVar(&o.Rounds, "rounds", rounds, "`number` of interleaved rounds; the median is reported")
	flags.BoolVar(&o.Quick, "quick", false, "try the benchmark out with two rounds: the figures, worth nothing, go to "+trialFolder)
	flags.StringVar(&o.Results, "results", results, "`file` for the figures")
	flags.StringVar(&o.Report, "report", report, "`file` for the report with charts")
}

// Check completes the options once flags are parsed.
func (o *Options) Check() error {
	if o.Rounds < 1 {
		return fmt.Errorf("--rounds is %d: give 1 or more", o.Rounds)
	}
	if !o.Quick {
		return nil
	}
	o.Rounds = min(o.Rounds, 2)
	for path, standard := range map[*string]string{&o.Results: o.results, &o.Report: o.report} {
		if *path == standard {
			*path = filepath.Join(trialFolder, filepath.Base(standard))
		}
	}
	return nil
}

// WriteReport stores the table of a run beside its results, and the report.
func (o *Options) WriteReport(markdown string, page interface{ Write(path string) error }) error {
	if err := atomicfile.Write(strings.TrimSuffix(o.Results, ".json")+".md", []byte(markdown)); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(o.Report), 0o755); err != nil {
		return err
	}
	return page.Write(o.Report)
}

// trialFolder gets the files of trials, unless flags say otherwise.
var trialFolder = filepath.Join("build", "bench", "trial")

// Bar shows progress on a terminal; elsewhere it writes one line at the start. The function it
// returns is what Rounds takes.
func Bar(out io.Writer, what string) func(done, total int) {
	var bar *progressbar.ProgressBar
	return func(done, total int) {
		if bar == nil {
			bar = terminal.Bar(out, total, what, fmt.Sprintf("%s: %d runs", what, total))
		}
		_ = bar.Set(done)
		if done == total {
			_ = bar.Finish()
			fmt.Fprintln(out)
		}
	}
}
