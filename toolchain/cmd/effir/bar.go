package main

import (
	"fmt"
	"io"

	"github.com/schollz/progressbar/v3"

	"github.com/effir/effir/internal/terminal"
)

// newBar counts to total on a terminal; elsewhere it is one line at its start.
func newBar(out io.Writer, total int, what string) *progressbar.ProgressBar {
	return terminal.Bar(out, total, what, fmt.Sprintf("%s: %d\n", what, total))
}
