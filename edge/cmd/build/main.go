// Command build puts the edge worker together:
//
//	go run ./edge/cmd/build -out build/edge -bundle BUNDLE_FOLDER
//
// The worker serves the model package of -model, or else the released one. Without
// -model and -bundle it leaves assets that are there as they are.
package main

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/effir/effir/edge/edgebuild"
	"github.com/effir/effir/models"
	"github.com/effir/effir/wasm/model"
)

func main() {
	out := flag.String("out", "build/edge", "folder for the worker")
	model := flag.String("model", "", "model package to serve (default: "+models.DefaultName+", which is part of this program)")
	bundle := flag.String("bundle", "", "search bundle to serve (default: the one that is there)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *out, *model, *bundle); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out, modelDir, bundleDir string) error {
	if err := edgebuild.Build(ctx, out); err != nil {
		return err
	}
	assets := filepath.Join(out, "assets")
	if modelDir == "" && bundleDir == "" {
		if _, err := os.Stat(filepath.Join(assets, "model", model.FileName)); err == nil {
			return nil
		}
	}
	var bundle fs.FS
	if bundleDir != "" {
		bundle = os.DirFS(bundleDir)
	}
	return edgebuild.Assets(ctx, assets, chosen(modelDir), bundle)
}

// chosen opens the folder of a model package, or the released one.
func chosen(dir string) fs.FS {
	if dir == "" {
		return models.Default()
	}
	return os.DirFS(dir)
}
