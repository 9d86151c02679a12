package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/effir/effir/gomlx-models/backend"
)

func pluginCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "plugin",
		Short: "Manage the XLA plugin that the toolchain computes with",
	}
	c.AddCommand(&cobra.Command{
		Use:   "install",
		Short: "Fetch the XLA CPU plugin with pip, check its hash and put it into the cache",
		Long: `Fetch the XLA CPU plugin (62 MB) with pip, check its hash and put it into the cache,
where every command finds it.

For a GPU, install the CUDA plugin and its libraries with pip install "jax[cuda12]" (or cuda13, as
the driver allows) and set GOMLX_BACKEND=xla:cuda. The plugin is then found in the active Python's
packages. ` + backend.EnvCUDAPlugin + ` names another one.`,
		Example: "  effir plugin install",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			path, err := backend.InstallCPUPlugin(c.Context(), "", c.ErrOrStderr())
			if err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), path)
			return nil
		},
	})
	return c
}
