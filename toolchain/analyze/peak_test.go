package analyze

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/effir/effir/gomlx-models/backend"
	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/compress"
	_ "github.com/effir/effir/toolchain/finetune" // the effir command holds it, and it changes how the C library keeps memory
)

// wide is a large model whose weights are made when they are asked for, as reading them from a file
// would.
type wide struct{ config checkpoint.Config }

func (m wide) Config() checkpoint.Config      { return m.config }
func (m wide) TokenizerJSON() ([]byte, error) { return tinymodel.New(1).TokenizerJSON() }

func (m wide) Tensor(name string) (checkpoint.Tensor, error) {
	for _, spec := range m.config.Tensors() {
		if spec.Name != name {
			continue
		}
		data := make([]float32, spec.Elements())
		state := uint32(len(name)) // xorshift (Marsaglia 2003): quick, and good enough for weights
		for i := range data {
			state ^= state << 13
			state ^= state >> 17
			state ^= state << 5
			data[i] = float32(int32(state)) / (1 << 36)
		}
		return checkpoint.Tensor{Name: name, Shape: spec.Shape, Data: data}, nil
	}
	return checkpoint.Tensor{}, fmt.Errorf("no tensor %s", name)
}

func wideConfig(layers, hidden, heads, kvHeads, width, vocabulary int) checkpoint.Config {
	return checkpoint.Config{
		Architectures: []string{"LlamaForCausalLM"}, ModelType: checkpoint.Llama, HiddenAct: "silu",
		HiddenSize: hidden, IntermediateSize: width, NumHiddenLayers: layers, NumAttentionHeads: heads, NumKeyValueHeads: kvHeads,
		HeadDim: hidden / heads, RMSNormEps: 1e-5, RopeTheta: 10000, VocabSize: vocabulary, MaxPositionEmbeddings: 4096, TorchDtype: "float32",
	}
}

// layerBytes is the size of a layer's weights in float32.
func layerBytes(config checkpoint.Config) int64 {
	return 4 * compress.CostOf(config).Layers() / int64(config.NumHiddenLayers)
}

// peakShape tells a child process which model to analyse: the arguments of wideConfig, then sequences
// and tokens per sequence.
const peakShape = "EFFIR_TEST_PEAK_SHAPE"

// peakModel names a checkpoint of that shape to read instead of weights that are made up.
const peakModel = "EFFIR_TEST_PEAK_MODEL"

// TestPeakChild is what a child process of this test program does: analyse a wide model and print the
// most memory that it had.
func TestPeakChild(t *testing.T) {
	shape := os.Getenv(peakShape)
	if shape == "" {
		t.Skip("only as a child of the tests and benchmarks below")
	}
	var layers, hidden, heads, kvHeads, width, vocabulary, count, length int
	if _, err := fmt.Sscan(shape, &layers, &hidden, &heads, &kvHeads, &width, &vocabulary, &count, &length); err != nil {
		t.Fatal(err)
	}
	b, err := backend.Open("")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	list := make([][]int32, count)
	for i := range list {
		for t := range length {
			list[i] = append(list[i], int32((i*31+t*7)%vocabulary))
		}
	}
	var m compress.Model = wide{wideConfig(layers, hidden, heads, kvHeads, width, vocabulary)}
	if dir := os.Getenv(peakModel); dir != "" {
		stored, err := checkpoint.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer stored.Close()
		m = stored
	}
	scores, err := Importance(t.Context(), b, m, list, Options{Dir: filepath.Join(t.TempDir(), "work"), BatchTokens: length})
	if err != nil {
		t.Fatal(err)
	}
	if len(scores[Block]) != layers {
		t.Fatalf("scores of %d layers", len(scores[Block]))
	}
	fmt.Printf("peak %d\n", peak(t))
}

// peak is the largest resident set that this process had, in bytes.
func peak(t *testing.T) int64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatal("no VmHWM in /proc/self/status")
	return 0
}

// measurePeak runs a child process, with variables added to its environment.
func measurePeak(t testing.TB, shape string, env ...string) int64 {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("peak memory is read from Linux's /proc")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), self, "-test.run=^TestPeakChild$", "-test.timeout=30m")
	child.Env = append(append(os.Environ(), peakShape+"="+shape), env...)
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	_, rest, ok := strings.Cut(string(out), "peak ")
	text, _, _ := strings.Cut(rest, "\n")
	bytes, err := strconv.ParseInt(text, 10, 64)
	if !ok || err != nil {
		t.Fatalf("no peak in:\n%s", out)
	}
	return bytes
}

// TestPeak: memory stays near one layer, however many there are.
func TestPeak(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	const shape = " 1024 16 4 4096 256 2 16"
	few, many := measurePeak(t, "2"+shape), measurePeak(t, "10"+shape)
	layer := layerBytes(wideConfig(1, 1024, 16, 4, 4096, 256))
	t.Logf("a layer has %.0f MB; peak %.0f MB with 2 layers, %.0f MB with 10", mega(layer), mega(few), mega(many))
	if many-few > 2*layer {
		t.Errorf("8 more layers of %.0f MB cost %.0f MB of memory", mega(layer), mega(many-few))
	}
}

// writeWide stores a wide model as checkpoints of this size are published, in bfloat16.
func writeWide(t testing.TB, config checkpoint.Config) string {
	t.Helper()
	config.TorchDtype = "bfloat16"
	m := wide{config}
	tokenizer, err := m.TokenizerJSON()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "wide")
	if err := checkpoint.Write(t.Context(), dir, config, m, tokenizer, nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestPeakOfFile: the same with weights in a bfloat16 file, whose pages are not kept either.
func TestPeakOfFile(t *testing.T) {
	if testing.Short() {
		t.Skip("it writes 250 MB")
	}
	measure := func(layers int) int64 {
		dir := writeWide(t, wideConfig(layers, 1024, 16, 4, 4096, 256))
		return measurePeak(t, fmt.Sprint(layers, " 1024 16 4 4096 256 2 16"), peakModel+"="+dir)
	}
	few, many := measure(2), measure(6)
	layer := layerBytes(wideConfig(1, 1024, 16, 4, 4096, 256))
	t.Logf("a layer has %.0f MB in float32; peak %.0f MB with 2 layers, %.0f MB with 6", mega(layer), mega(few), mega(many))
	if many-few > layer {
		t.Errorf("4 more layers of %.0f MB cost %.0f MB of memory", mega(layer), mega(many-few))
	}
}

// BenchmarkPeak7BFile is the first case of BenchmarkPeak7B with a quarter of the layers in a
// bfloat16 file of 3.7 GB, written before.
func BenchmarkPeak7BFile(b *testing.B) {
	const layers = 8
	config := wideConfig(layers, 4096, 32, 8, 14336, 32000)
	dir := writeWide(b, config)
	for b.Loop() {
		bytes := measurePeak(b, fmt.Sprint(layers, 4096, 32, 8, 14336, 32000, 2, 8), peakModel+"="+dir)
		b.ReportMetric(mega(bytes), "peak-MB")
		b.ReportMetric(mega(layerBytes(config)), "layer-MB")
	}
}

// BenchmarkPeak7B analyses models of Mistral-7B's widths, with weights made up, and prints the peak:
// all 32 layers with a few tokens, and two layers with a batch of the paper's length. More sequences
// add to the file of states and to time, not to memory.
func BenchmarkPeak7B(b *testing.B) {
	for _, c := range []struct{ layers, sequences, length int }{{32, 2, 8}, {2, 1, 2048}} {
		b.Run(fmt.Sprintf("%d layers, %d tokens", c.layers, c.length), func(b *testing.B) {
			for b.Loop() {
				bytes := measurePeak(b, fmt.Sprint(c.layers, 4096, 32, 8, 14336, 32000, c.sequences, c.length))
				b.ReportMetric(mega(bytes), "peak-MB")
				b.ReportMetric(mega(layerBytes(wideConfig(1, 4096, 32, 8, 14336, 32000))), "layer-MB")
			}
		})
	}
}

func mega(n int64) float64 { return float64(n) / 1e6 }
