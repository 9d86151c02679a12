// Package host runs the guest in wazero: the same modules that a browser runs,
// in a sandbox inside a Go process.
package host

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/engine"
	"github.com/effir/effir/wasm/model/modeldir"
)

// Host is one instance of the guest with its kernels. It is not safe for
// concurrent use. After an error that wraps [ErrTrap] only Close works.
type Host struct {
	runtime wazero.Runtime
	kernels api.Module
	guest   api.Module
}

// ErrTrap is wrapped by errors of an instance that is beyond repair.
var ErrTrap = errors.New("host: the guest stopped; open a new one")

// Open compiles and instantiates the two modules. kernels must be the baseline
// module: wazero does not run relaxed SIMD. Compiled code is cached in cache
// unless that is nil.
func Open(ctx context.Context, kernels, guest []byte, cache wazero.CompilationCache) (*Host, error) {
	config := wazero.NewRuntimeConfig()
	if cache != nil {
		config = config.WithCompilationCache(cache)
	}
	h := &Host{runtime: wazero.NewRuntimeWithConfig(ctx, config)}
	if err := h.instantiate(ctx, kernels, guest); err != nil {
		return nil, errors.Join(err, h.Close(ctx))
	}
	return h, nil
}

func (h *Host) instantiate(ctx context.Context, kernels, guest []byte) (err error) {
	if _, err = wasi_snapshot_preview1.Instantiate(ctx, h.runtime); err != nil {
		return err
	}
	h.kernels, err = h.runtime.InstantiateWithConfig(ctx, kernels, wazero.NewModuleConfig().WithName("kernel"))
	if err != nil {
		return fmt.Errorf("host: kernel module: %w", err)
	}
	start := wazero.NewModuleConfig().WithName("guest").WithStartFunctions("_initialize").WithSysNanotime().WithSysWalltime()
	h.guest, err = h.runtime.InstantiateWithConfig(ctx, guest, start)
	if err != nil {
		return fmt.Errorf("host: guest module: %w", err)
	}
	return nil
}

// Memory returns the bytes of the kernels' memory and of the guest's. Neither ever
// shrinks, so they are the peaks.
func (h *Host) Memory() (kernels, guest int) {
	return int(h.kernels.Memory().Size()), int(h.guest.Memory().Size())
}

// Close frees everything.
func (h *Host) Close(ctx context.Context) error { return h.runtime.Close(ctx) }

// LoadModel loads a package from a directory; every file is verified before it
// reaches the guest.
func (h *Host) LoadModel(ctx context.Context, dir fs.FS) error {
	m, manifest, err := modeldir.Open(dir)
	if err != nil {
		return err
	}
	if _, err := h.send(ctx, "effir_model", nil, manifest); err != nil {
		return err
	}
	at, err := h.call(ctx, "effir_weights")
	if err != nil {
		return err
	}
	err = modeldir.ReadImage(dir, m, func(offset int, chunk []byte) error {
		if !h.kernels.Memory().Write(uint32(at)+uint32(offset), chunk) {
			return fmt.Errorf("%w: weights lie outside kernel memory", ErrTrap)
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	tokens, err := modeldir.ReadFile(dir, m.Tokenizer)
	if err != nil {
		return err
	}
	_, err = h.send(ctx, "effir_tokenizer", nil, tokens)
	return err
}

// Embed returns the embedding of a text.
func (h *Host) Embed(ctx context.Context, text string, kind encoder.Kind) ([]float32, error) {
	b, err := h.send(ctx, "effir_embed", nil, []byte(text), uint64(kind))
	if err != nil {
		return nil, err
	}
	vector := make([]float32, len(b)/4)
	for i := range vector {
		vector[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return vector, nil
}

// SetIndex hands over one part of a search bundle.
func (h *Host) SetIndex(ctx context.Context, part engine.Part, content []byte) error {
	_, err := h.send(ctx, "effir_index", []uint64{uint64(part)}, content)
	return err
}

// Search returns the limit best passages.
func (h *Host) Search(ctx context.Context, query string, mode engine.Mode, limit int) (*engine.Answer, error) {
	b, err := h.send(ctx, "effir_search", nil, []byte(query), uint64(mode), uint64(max(limit, 0)))
	if err != nil {
		return nil, err
	}
	answer := new(engine.Answer)
	return answer, json.Unmarshal(b, answer)
}

// send passes content to a guest export and returns the result. The export's
// parameters are the numbers before, content's place and length, the numbers after.
func (h *Host) send(ctx context.Context, export string, before []uint64, content []byte, after ...uint64) ([]byte, error) {
	p, err := h.call(ctx, "effir_alloc", uint64(len(content)))
	if err != nil {
		return nil, err
	}
	if !h.guest.Memory().Write(uint32(p), content) {
		return nil, fmt.Errorf("%w: no room for %d bytes", ErrTrap, len(content))
	}
	status, err := h.call(ctx, export, slices.Concat(before, []uint64{p, uint64(len(content))}, after)...)
	if err != nil {
		return nil, err
	}
	packed, err := h.call(ctx, "effir_result")
	if err != nil {
		return nil, err
	}
	result, ok := h.guest.Memory().Read(uint32(packed>>32), uint32(packed))
	if !ok {
		return nil, fmt.Errorf("%w: its result lies outside its memory", ErrTrap)
	}
	result = append([]byte(nil), result...)
	if status != 0 {
		return nil, errors.New(string(result))
	}
	_, err = h.call(ctx, "effir_free", p)
	return result, err
}

func (h *Host) call(ctx context.Context, export string, parameters ...uint64) (uint64, error) {
	f := h.guest.ExportedFunction(export)
	if f == nil {
		return 0, fmt.Errorf("host: the guest module lacks %s: it is of another version", export)
	}
	results, err := f.Call(ctx, parameters...)
	if err != nil {
		return 0, fmt.Errorf("%w: %s: %w", ErrTrap, export, err)
	}
	if len(results) == 0 {
		return 0, nil
	}
	return results[0], nil
}
