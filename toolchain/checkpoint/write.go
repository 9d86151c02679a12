package checkpoint

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/wasm/kernel"
)

// Source supplies the tensors that Write stores. *Checkpoint is one.
type Source interface {
	// Tensor returns the tensor of the given name, which is one of Config.Tensors.
	Tensor(name string) (Tensor, error)
}

// Tensors is a Source in memory, from name to tensor.
type Tensors map[string]Tensor

// Tensor implements Source.
func (t Tensors) Tensor(name string) (Tensor, error) {
	tensor, ok := t[name]
	if !ok {
		return Tensor{}, fmt.Errorf("no tensor %q", name)
	}
	return tensor, nil
}

// Write stores a checkpoint in the folder dir, whose parent must exist. The tensors are those of
// cfg.Tensors(), fetched one after the other, so that no more than one is in memory, and rounded to
// cfg.TorchDtype. progress, if not nil, is called with the bytes of weights written so far and in
// total. The folder appears, or replaces what was there, only when it is complete; after an error
// or a cancelled context everything is as before.
func Write(ctx context.Context, dir string, cfg Config, source Source, tokenizerJSON []byte, progress func(done, total int64)) (err error) {
	if cfg.ModelType == "" {
		cfg.ModelType = Llama
	}
	cfg.fillDefaults()
	if err := cfg.Validate(); err != nil {
		return err
	}
	if !json.Valid(tokenizerJSON) {
		return fmt.Errorf("%s: not valid JSON", tokenizerFile)
	}
	config, err := json.MarshalIndent(cfg, "", "  ")
	if err != nil {
		return err
	}
	out, err := atomicfile.CreateDir(dir)
	if err != nil {
		return err
	}
	defer func() {
		if aborted := out.Abort(); err == nil {
			err = aborted
		}
	}()
	if err := os.WriteFile(filepath.Join(out.Path(), configFile), append(config, '\n'), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out.Path(), tokenizerFile), tokenizerJSON, 0o644); err != nil {
		return err
	}
	if err := writeWeights(ctx, filepath.Join(out.Path(), weightsFile), cfg, source, progress); err != nil {
		return err
	}
	return out.Commit()
}

func writeWeights(ctx context.Context, path string, cfg Config, source Source, progress func(done, total int64)) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<18)

	specs := cfg.Tensors()
	header, total := encodeHeader(specs, dtypeOfTorch(cfg.TorchDtype))
	if _, err := w.Write(header); err != nil {
		return err
	}
	encode, width := encoder(cfg.TorchDtype)
	done := int64(0)
	var scratch []byte
	for _, spec := range specs {
		tensor, err := source.Tensor(spec.Name)
		if err != nil {
			return err
		}
		if !slices.Equal(tensor.Shape, spec.Shape) || int64(len(tensor.Data)) != spec.Elements() {
			return fmt.Errorf("tensor %s has shape %v and %d values, but the configuration demands %v", spec.Name, tensor.Shape, len(tensor.Data), spec.Shape)
		}
		for chunk := range slices.Chunk(tensor.Data, 1<<16) {
			if err := ctx.Err(); err != nil {
				return err
			}
			scratch = encode(scratch[:0], chunk)
			if _, err := w.Write(scratch); err != nil {
				return err
			}
			done += int64(len(chunk) * width)
			if progress != nil {
				progress(done, total)
			}
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// encodeHeader lays the tensors out one after the other in the given order and returns the header
// with its length prefix, and the bytes of data. Spaces pad it to a multiple of eight bytes so
// that the data is aligned.
func encodeHeader(specs []Spec, dtype string) (header []byte, total int64) {
	var b bytes.Buffer
	b.WriteString(`{"__metadata__":{"format":"pt"}`) // without it, transformers refuses the file
	for _, spec := range specs {
		size := spec.Elements() * dtypeSizes[dtype]
		name, _ := json.Marshal(spec.Name) // a string always has a JSON form
		shape, _ := json.Marshal(spec.Shape)
		fmt.Fprintf(&b, `,%s:{"dtype":"%s","shape":%s,"data_offsets":[%d,%d]}`, name, dtype, shape, total, total+size)
		total += size
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	return append(binary.LittleEndian.AppendUint64(nil, uint64(b.Len())), b.Bytes()...), total
}

// encoder gives the function that appends values in little-endian order and the bytes per value.
func encoder(torchDtype string) (encode func(dst []byte, src []float32) []byte, width int) {
	switch torchDtype {
	case "float16":
		return func(dst []byte, src []float32) []byte {
			for _, x := range src {
				dst = binary.LittleEndian.AppendUint16(dst, kernel.ToFloat16(x))
			}
			return dst
		}, 2
	case "bfloat16":
		return func(dst []byte, src []float32) []byte {
			for _, x := range src {
				dst = binary.LittleEndian.AppendUint16(dst, ToBFloat16(x))
			}
			return dst
		}, 2
	}
	return func(dst []byte, src []float32) []byte {
		for _, x := range src {
			dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(x))
		}
		return dst
	}, 4
}
