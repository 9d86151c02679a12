package measure

import (
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Options are what the commands of all benchmarks have in common.
type Options struct {
	Rounds  int
	Quick   bool   // tries the benchmark out: two rounds and the least work, figures worth nothing
	Results string // the file of figures
	Report  string // the HTML report
}

// Register adds the flags --rounds, --quick, --results and --report with their defaults.
func (o *Options) Register(flags *flag.FlagSet, rounds int, results, report string) {
	flags.IntVar(&o.Rounds, "rounds", rounds, "`number` of interleaved rounds; the median is reported")
	flags.BoolVar(&o.Quick, "quick", false, "try the benchmark out with two rounds: the figures are worth nothing")
	flags.StringVar(&o.Results, "results", results, "`file` for the figures")
	flags.StringVar(&o.Report, "report", report, "`file` for the report with charts")
}

// Check completes the options once flags are parsed.
func (o *Options) Check() error {
	if o.Rounds < 1 {
		return fmt.Errorf("--rounds is %d: give 1 or more", o.Rounds)
	}
	if o.Quick {
		o.Rounds = min(o.Rounds, 2)
	}
	return nil
}

// Bar shows progress on a terminal; elsewhere it writes one line at the start. The function it
// returns is what Rounds takes.
func Bar(out io.Writer, what string) func(done, total int) {
	var bar *progressbar.ProgressBar
	return func(done, total int) {
		if bar == nil {
			bar = newBar(out, total, what)
		}
		_ = bar.Set(done)
		if done == total {
			_ = bar.Finish()
			fmt.Fprintln(out)
		}
	}
}

func newBar(out io.Writer, total int, what string) *progressbar.ProgressBar {
	if !terminal(out) {
		fmt.Fprintf(out, "%s: %d runs", what, total)
		return progressbar.DefaultSilent(int64(total))
	}
	return progressbar.NewOptions(total,
		progressbar.OptionSetWriter(out), progressbar.OptionSetDescription(what), progressbar.OptionShowCount(),
		progressbar.OptionSetWidth(30), progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond))
}

func terminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
