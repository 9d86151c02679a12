package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/effir/effir/gomlx-models/backend"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/verify"
	"github.com/effir/effir/wasm/native"
)

func verifyCommand() *cobra.Command {
	var source string
	c := &cobra.Command{
		Use:   "verify PACKAGE",
		Short: "Compare a model package with recorded vectors of its float32 model",
		Long: `Compare a model package with the recording beside it (` + verify.RecordingName + `): vectors of the
float32 model for 64 texts, and the hash of the package's own. On every machine the
package must give the recorded bits.

With --record the recording is made first, from the checkpoint that the package was
exported from, on XLA.`,
		Example: "  effir verify models/bge-small-slim\n  effir verify --record checkpoints/slim packages/slim",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if source != "" {
				if err := record(c.Context(), source, args[0]); err != nil {
					return err
				}
			}
			return compare(c.Context(), c.OutOrStdout(), args[0])
		},
	}
	c.Flags().StringVar(&source, "record", "", "checkpoint to record first")
	return c
}

// record writes the recording of a package.
func record(ctx context.Context, source, dir string) error {
	path, err := (&measured{}).locate(source)
	if err != nil {
		return err
	}
	src, err := checkpoint.Open(path)
	if err != nil {
		return err
	}
	defer src.Close()
	b, err := backend.Open("")
	if err != nil {
		return err
	}
	defer b.Finalize()
	if b.Name() != "xla" {
		return errors.New("recordings are made on XLA: run `effir plugin install` or set " + backend.EnvSpec)
	}
	r, err := verify.Record(ctx, b, src, os.DirFS(dir))
	if err != nil {
		return err
	}
	return r.Write(dir)
}

// compare prints how a package compares with its recording.
func compare(ctx context.Context, out io.Writer, dir string) error {
	r, err := verify.ReadRecording(dir)
	if err != nil {
		return err
	}
	e, err := native.Open(os.DirFS(dir), native.Options{})
	if err != nil {
		return err
	}
	a, err := r.Compare(ctx, e)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %d texts on %s kernels; cosine to the float32 model: mean %.4f, least %.4f\n", e.Manifest().Name, len(r.Texts), e.KernelName(), a.Mean, a.Least)
	fmt.Fprintf(out, "recorded %s on %s, %s, %s\n", r.Date, r.Backend, r.Device, r.Machine)
	if !a.Identical {
		return fmt.Errorf("%s does not give the recorded bits: its files or this program's kernels changed", filepath.Clean(dir))
	}
	fmt.Fprintln(out, "every bit as recorded:", r.SHA256)
	return nil
}
