// Command effir takes a language model to a search page: import, export, index,
// search, show and measure. Each sub-command stands in a file of its name.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := rootCommand().ExecuteContext(ctx)
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "\nstopped; what was complete is kept")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "effir:", withRemedy(err))
		os.Exit(1)
	}
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "effir",
		Short:         "From a language model to search by meaning in the browser",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(importCommand(), exportCommand(), indexCommand(), searchCommand(), demoCommand(), siteCommand(), evaluateCommand(), finetuneCommand(), mineCommand(), pluginCommand(), analyzeCommand(), compressCommand(), quantiseCommand(), experimentCommand(), verifyCommand())
	return root
}
