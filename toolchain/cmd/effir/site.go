package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/internal/publish"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/web"
)

func siteCommand() *cobra.Command {
	var out, guest, modelName string
	c := &cobra.Command{
		Use:   "site",
		Short: "Write the demo's pages, the library, the runtime's modules and the model to a folder",
		Long: `Write everything that the demo needs beside an index (in index/) to run on a static
host: its pages, the library with worker.js and the element effir-search.js, guest.wasm,
the kernel modules, and the model package in model/ with pages.json, by which browsers
fetch parts of it. A package that is in model/ already stays unless --model names
another. For a search of one's own site, effir index writes all that is needed.`,
		Example: "  effir site -o site\n  effir site -o site --model packages/slim",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			modules, err := modulesFS(guest)
			if err != nil {
				return err
			}
			files, err := openModel(modelName)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(out, 0o755); err != nil {
				return err
			}
			if err := writeModel(c.Context(), filepath.Join(out, "model"), files, c.Flags().Changed("model")); err != nil {
				return err
			}
			if err := web.Bundle(c.Context(), out, true); err != nil {
				return err
			}
			for _, name := range moduleNames {
				content, err := fs.ReadFile(modules, name)
				if err != nil {
					return err
				}
				if err := atomicfile.Write(filepath.Join(out, name), content); err != nil {
					return err
				}
			}
			fmt.Fprintln(c.OutOrStdout(), out)
			return nil
		},
	}
	c.Flags().StringVarP(&out, "out", "o", "", "folder to write to (required)")
	modelFlag(c.Flags(), &modelName)
	c.Flags().StringVar(&guest, "guest", "", "guest module (default: guest.wasm beside this program)")
	_ = c.MarkFlagRequired("out")
	return c
}

// writeModel copies a package to dir, which keeps one that it has unless replace
// is set.
func writeModel(ctx context.Context, dir string, files fs.FS, replace bool) error {
	if _, err := os.Stat(filepath.Join(dir, model.FileName)); err == nil && !replace {
		return nil
	}
	return publish.Model(ctx, dir, files)
}
