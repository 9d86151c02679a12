package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/web"
)

func siteCommand() *cobra.Command {
	var out, guest string
	c := &cobra.Command{
		Use:   "site",
		Short: "Write the page, the client library and the runtime's modules to a folder",
		Long: `Write everything that a static site needs beside a model package (in model/) and a
search bundle (in index/): index.html with its scripts, the client library effir.js
with worker.js, guest.wasm and the kernel modules.`,
		Example: "  effir site -o site",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			modules, err := modulesFS(guest)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(out, 0o755); err != nil {
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
	c.Flags().StringVar(&guest, "guest", "", "guest module (default: guest.wasm beside this program)")
	_ = c.MarkFlagRequired("out")
	return c
}
