package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/effir/effir/toolchain/demo"
	"github.com/effir/effir/toolchain/serve"
)

func demoCommand() *cobra.Command {
	var address, modules, modelName string
	c := &cobra.Command{
		Use:   "demo",
		Short: "Search the Go documentation by keyword and meaning in a browser",
		Long: `Index the documentation of the installed Go and serve pages that search it: by keyword
at once, by meaning once its passages are embedded. A further page searches files of your
own, which never leave the browser. The model is part of this program: nothing is fetched.
Later runs take the vectors from the cache.`,
		Example: "  effir demo\n  effir demo --model packages/slim --address 127.0.0.1:9000",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			guest, err := modulesFS(modules)
			if err != nil {
				return err
			}
			model, err := openModel(modelName)
			if err != nil {
				return err
			}
			return runDemo(c.Context(), c.OutOrStdout(), address, guest, model)
		},
	}
	c.Flags().StringVar(&address, "address", serve.DefaultAddress, "host and port to listen on")
	modelFlag(c.Flags(), &modelName)
	c.Flags().StringVar(&modules, "guest", "", "guest module (default: guest.wasm beside this program)")
	return c
}

func runDemo(ctx context.Context, log io.Writer, address string, modules, model fs.FS) error {
	start := time.Now()
	site, err := demo.Open(ctx, model, vectorFolder)
	if err != nil {
		return err
	}
	page, err := pageFS(ctx)
	if err != nil {
		return err
	}
	status := &demoStatus{progress: serve.Progress{
		Passages: site.Passages, Embedded: site.Passages - site.Missing, Done: site.Missing == 0,
	}}
	server := serve.New(serve.Options{
		Page: page, Modules: modules, Model: os.DirFS(site.Model), Index: os.DirFS(site.Index), Progress: status.get,
	})
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var background sync.WaitGroup
	var failure error
	err = server.Run(ctx, address, func(url string) {
		by := "keyword search"
		if site.Missing == 0 {
			by = "search by keyword and meaning"
		}
		fmt.Fprintf(log, "%d passages, %s ready after %.1f s: %s\n", site.Passages, by, time.Since(start).Seconds(), url)
		if site.Missing == 0 {
			return
		}
		background.Go(func() {
			failure = demoEmbed(ctx, log, site, status)
			status.finish(failure)
			if failure != nil && ctx.Err() == nil {
				fmt.Fprintln(log, "semantic search is not available:", failure)
			}
		})
	})
	stop()
	background.Wait()
	if err != nil {
		return fmt.Errorf("%w; choose another address with --address", err)
	}
	if errors.Is(failure, context.Canceled) {
		return failure
	}
	return nil
}

// demoEmbed embeds the passages that have no vectors yet.
func demoEmbed(ctx context.Context, log io.Writer, site *demo.Site, status *demoStatus) error {
	start := time.Now()
	bar := newBar(log, site.Missing, "embed")
	err := site.Embed(ctx, func(done, total int) {
		status.embedded(site.Passages - total + done)
		_ = bar.Set(done)
	})
	if err == nil {
		fmt.Fprintf(log, "\nsemantic search covers all %d passages after %.0f s of embedding; Ctrl+C ends\n", site.Passages, time.Since(start).Seconds())
	}
	return err
}

// demoStatus is what the page polls.
type demoStatus struct {
	mu       sync.Mutex
	progress serve.Progress
}

func (s *demoStatus) get() serve.Progress {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.progress
}

func (s *demoStatus) embedded(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress.Embedded = n
}

func (s *demoStatus) finish(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress.Done = true
	if err != nil {
		s.progress.Error = err.Error()
	}
}

// modulesFS returns the folder of guest.wasm together with the kernel modules.
func modulesFS(guest string) (fs.FS, error) {
	if guest == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		guest = filepath.Join(filepath.Dir(self), "guest.wasm")
	}
	content, err := os.ReadFile(guest)
	if err != nil {
		return nil, fmt.Errorf("guest module: %w; build it with `go tool task build` or name it with --guest", err)
	}
	return runtimeModules(content), nil
}
