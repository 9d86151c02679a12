// Command build puts the edge worker together:
//
//	go run ./edge/cmd/build -out build/edge -model MODEL_FOLDER -bundle BUNDLE_FOLDER
//
// Without -model and -bundle it leaves the assets as they are.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/effir/effir/edge/edgebuild"
)

func main() {
	out := flag.String("out", "build/edge", "folder for the worker")
	model := flag.String("model", "", "model package to serve")
	bundle := flag.String("bundle", "", "search bundle to serve")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *out, *model, *bundle); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out, model, bundle string) error {
	if (model == "") != (bundle == "") {
		return errors.New("edge worker: -model and -bundle belong together; give both or none")
	}
	if err := edgebuild.Build(ctx, out); err != nil {
		return err
	}
	assets := filepath.Join(out, "assets")
	if model == "" {
		return os.MkdirAll(assets, 0o755)
	}
	return edgebuild.Assets(ctx, assets, model, bundle)
}
