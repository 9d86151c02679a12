package checkpoint

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/effir/effir/wasm/kernel"
)

const (
	weightsFile   = "model.safetensors"
	indexFile     = "model.safetensors.index.json"
	tokenizerFile = "tokenizer.json"

	maxConfig    = 16 << 20  // bytes of config.json and of the shard index
	maxTokenizer = 256 << 20 // bytes of tokenizer.json
)

// Tensor is one weight in float32, row by row: a linear weight has the shape [outputs, inputs].
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// Checkpoint is an open checkpoint. Tensors are read from disk when asked for; all methods except
// Close may be called concurrently.
type Checkpoint struct {
	dir     string
	config  Config
	names   []string
	tensors map[string]stored
	files   []*os.File
}

// stored says where a tensor's bytes are.
type stored struct {
	entry
	file *os.File
}

// Open opens the checkpoint in a folder. It reads the configuration and the headers of the weight
// files (model.safetensors, or the shards that model.safetensors.index.json lists) and checks that
// every tensor that the configuration demands is there with its shape; further tensors are ignored.
func Open(dir string) (*Checkpoint, error) {
	index := filepath.Join(dir, indexFile)
	if _, err := os.Stat(filepath.Join(dir, weightsFile)); errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(index); err == nil {
			shards, err := ShardNames(index)
			if err != nil {
				return nil, err
			}
			return open(dir, shards)
		}
	}
	return open(dir, []string{weightsFile})
}

// OpenFile opens the checkpoint whose weights are the given safetensors file; config.json and
// tokenizer.json are expected beside it.
func OpenFile(path string) (*Checkpoint, error) {
	return open(filepath.Dir(path), []string{filepath.Base(path)})
}

func open(dir string, weightFiles []string) (_ *Checkpoint, err error) {
	c := &Checkpoint{dir: dir, tensors: map[string]stored{}}
	defer func() {
		if err != nil {
			_ = c.Close()
		}
	}()
	if c.config, err = ReadConfig(filepath.Join(dir, configFile)); err != nil {
		return nil, err
	}
	for _, name := range weightFiles {
		if err := c.addWeights(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	c.addAliases()
	for _, spec := range c.config.Tensors() {
		if err := c.check(filepath.Join(dir, weightFiles[0]), spec); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// check checks that a tensor is there in the demanded shape; file is where it is missed if not.
func (c *Checkpoint) check(file string, spec Spec) error {
	have, ok := c.tensors[spec.Name]
	switch {
	case !ok:
		return c.fail(file, spec.Name, "is missing, but the configuration demands it")
	case !slices.Equal(have.shape, spec.Shape):
		return c.fail(have.file.Name(), spec.Name, fmt.Sprintf("has shape %v, but the configuration demands %v", have.shape, spec.Shape))
	case !slices.Contains([]string{"F32", "F16", "BF16"}, have.dtype):
		return c.fail(have.file.Name(), spec.Name, fmt.Sprintf("has dtype %s; F32, F16 and BF16 are supported", have.dtype))
	}
	return nil
}

func (c *Checkpoint) fail(file, field, problem string) error {
	return &InputError{
		File: file, Field: field, Problem: problem,
		Remedy: "use the weights and the config.json of one and the same Llama or BERT model",
	}
}

func (c *Checkpoint) addWeights(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return missing(path, err)
	}
	c.files = append(c.files, f)
	info, err := f.Stat()
	if err != nil {
		return err
	}
	entries, err := readHeader(path, f, info.Size())
	if err != nil {
		return err
	}
	for _, e := range entries {
		if other, ok := c.tensors[e.name]; ok {
			return c.fail(path, e.name, "is also in "+other.file.Name())
		}
		c.tensors[e.name] = stored{e, f}
		c.names = append(c.names, e.name)
	}
	return nil
}

// Config returns the configuration.
func (c *Checkpoint) Config() Config { return c.config }

// Names lists the tensors in the order of the files.
func (c *Checkpoint) Names() []string { return slices.Clone(c.names) }

// Dtypes lists the element types of the tensors that the configuration demands, sorted, in the
// spelling of the safetensors format ("BF16").
func (c *Checkpoint) Dtypes() []string {
	var out []string
	for _, spec := range c.config.Tensors() {
		if dtype := c.tensors[spec.Name].dtype; !slices.Contains(out, dtype) {
			out = append(out, dtype)
		}
	}
	slices.Sort(out)
	return out
}

// Files lists the paths of the files that make up the checkpoint, in a fixed order.
func (c *Checkpoint) Files() []string {
	paths := []string{filepath.Join(c.dir, configFile), filepath.Join(c.dir, tokenizerFile)}
	for _, f := range c.files {
		paths = append(paths, f.Name())
	}
	return paths
}

// Tensor reads one tensor and converts it to float32.
func (c *Checkpoint) Tensor(name string) (Tensor, error) {
	s, ok := c.tensors[name]
	if !ok {
		return Tensor{}, c.fail(c.dir, name, "no such tensor")
	}
	convert, width, err := converter(s.dtype)
	if err != nil {
		return Tensor{}, c.fail(s.file.Name(), name, err.Error())
	}
	data := make([]float32, (s.end-s.begin)/int64(width))
	var buffer [1 << 16]byte
	for done := 0; done < len(data); {
		n := min(len(data)-done, len(buffer)/width)
		chunk := buffer[:n*width]
		if _, err := s.file.ReadAt(chunk, s.begin+int64(done*width)); err != nil {
			return Tensor{}, &InputError{
				File: s.file.Name(), Field: name, Problem: "cannot be read", Err: err,
				Remedy: "the file may have been changed while it was open: try again",
			}
		}
		convert(data[done:done+n], chunk)
		done += n
	}
	return Tensor{Name: name, Shape: slices.Clone(s.shape), Data: data}, nil
}

// TokenizerJSON reads tokenizer.json and checks that it is JSON.
func (c *Checkpoint) TokenizerJSON() ([]byte, error) {
	return ReadTokenizerJSON(filepath.Join(c.dir, tokenizerFile))
}

// ReadTokenizerJSON reads a file in the format of tokenizer.json and checks that it is JSON.
func ReadTokenizerJSON(path string) ([]byte, error) {
	data, err := readLimited(path, maxTokenizer)
	if err != nil {
		return nil, err
	}
	if !json.Valid(data) {
		return nil, &InputError{
			File: path, Problem: "is not valid JSON",
			Remedy: "use the tokenizer.json that was published with the model",
		}
	}
	return data, nil
}

// Close closes the files.
func (c *Checkpoint) Close() error {
	var errs []error
	for _, f := range c.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// converter gives the function that turns little-endian elements of a dtype into float32 and the
// bytes per element.
func converter(dtype string) (convert func(dst []float32, src []byte), width int, err error) {
	switch dtype {
	case "F32":
		return func(dst []float32, src []byte) {
			for i := range dst {
				dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
			}
		}, 4, nil
	case "F16":
		return func(dst []float32, src []byte) {
			for i := range dst {
				dst[i] = kernel.Float16(binary.LittleEndian.Uint16(src[2*i:]))
			}
		}, 2, nil
	case "BF16":
		return func(dst []float32, src []byte) {
			for i := range dst {
				dst[i] = BFloat16(binary.LittleEndian.Uint16(src[2*i:]))
			}
		}, 2, nil
	}
	return nil, 0, fmt.Errorf("has dtype %s; F32, F16 and BF16 are supported", dtype)
}

// readLimited reads a whole file after checking its size.
func readLimited(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, missing(path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if int64(len(data)) > limit {
		return nil, &InputError{
			File: path, Problem: fmt.Sprintf("has more than %d bytes", limit),
			Remedy: "use the " + filepath.Base(path) + " that was published with the model",
		}
	}
	return data, nil
}

func missing(path string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return &InputError{
		File: path, Problem: "does not exist", Err: fs.ErrNotExist,
		Remedy: "a checkpoint is a folder with " + strings.Join([]string{configFile, weightsFile, tokenizerFile}, ", "),
	}
}
