package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// newBar counts to total on a terminal; elsewhere it is one line at its start.
func newBar(out io.Writer, total int, what string) *progressbar.ProgressBar {
	if !terminal(out) {
		fmt.Fprintf(out, "%s: %d\n", what, total)
		return progressbar.DefaultSilent(int64(total))
	}
	return progressbar.NewOptions(total,
		progressbar.OptionSetWriter(out), progressbar.OptionSetDescription(what), progressbar.OptionShowCount(),
		progressbar.OptionSetWidth(30), progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond))
}
