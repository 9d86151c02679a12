package gguf

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/effir/effir/toolchain/checkpoint"
)

// rounded are the values of testdata/rounded.f32 as a tensor of 64 rows.
func rounded(t *testing.T) []float32 {
	t.Helper()
	raw := golden(t, "rounded.f32")
	values := make([]float32, len(raw)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return values
}

// TestRoundingEqualsTheLibrarys compares the bytes of every block format with those of the Python
// package "gguf".
func TestRoundingEqualsTheLibrarys(t *testing.T) {
	values := rounded(t)
	for _, kind := range []Type{F16, Q8_0, Q4_0} {
		var got []byte
		block := formats[kind].values
		for i := 0; i < len(values); i += block {
			var ok bool
			if got, ok = encoders[kind](got, values[i:i+block]); !ok {
				t.Fatalf("%v: block at %d is out of range", kind, i)
			}
		}
		want := golden(t, "rounded."+kind.String())
		if len(got) != len(want) {
			t.Fatalf("%v: %d bytes, want %d", kind, len(got), len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%v: byte %d of block %d is %#x, want %#x", kind, i%formats[kind].bytes, i/formats[kind].bytes, got[i], want[i])
			}
		}
	}
}

// TestWriteRead writes a tensor in every format that can be written and every kind of metadata, and
// reads them back.
func TestWriteRead(t *testing.T) {
	values := rounded(t)
	metadata := []Pair{
		{"a.number", uint32(70000)}, {"a.float", float32(1e-5)}, {"a.yes", true}, {"a.no", false},
		{"a.text", "Grüße"}, {"a.ints", []int32{3, -4, 0}}, {"a.texts", []string{"a", "", "ĠĊ"}}, {"a.none", []string{}},
	}
	source := checkpoint.Tensors{}
	var infos []Info
	add := func(name string, kind Type, shape ...int) {
		n := 1
		for _, d := range shape {
			n *= d
		}
		infos = append(infos, Info{Name: name, Shape: shape, Type: kind})
		source[name] = checkpoint.Tensor{Name: name, Shape: shape, Data: values[:n]}
	}
	add("norm", F32, 7) // its 28 bytes are padded
	add("F32", F32, 6, 32)
	add("F16", F16, 3, 5, 2)
	add("Q8_0", Q8_0, 2, 64)
	add("Q4_0", Q4_0, 8, 32)
	path := filepath.Join(t.TempDir(), "x.gguf")
	last, total := int64(0), int64(0)
	err := Write(t.Context(), path, metadata, infos, source, func(done, all int64) {
		if done < last {
			t.Errorf("progress went from %d to %d", last, done)
		}
		last, total = done, all
	})
	if err != nil {
		t.Fatal(err)
	}
	if last != total || total == 0 {
		t.Errorf("progress ended at %d of %d", last, total)
	}

	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	number, err := f.Uint("a.number")
	check(t, "a.number", number, err, 70000)
	float, err := f.Float("a.float")
	check(t, "a.float", float, err, 1e-5)
	yes, err := f.Bool("a.yes")
	check(t, "a.yes", yes, err, true)
	no, err := f.Bool("a.no")
	check(t, "a.no", no, err, false)
	text, err := f.Text("a.text")
	check(t, "a.text", text, err, "Grüße")
	ints, err := f.Ints("a.ints")
	check(t, "a.ints", ints, err, []int{3, -4, 0})
	texts, err := f.Texts("a.texts")
	check(t, "a.texts", texts, err, []string{"a", "", "ĠĊ"})
	none, err := f.Texts("a.none")
	check(t, "a.none", none, err, []string{})

	for i, got := range f.Tensors() {
		if want := infos[i]; got.Name != want.Name || got.Type != want.Type || !slices.Equal(got.Shape, want.Shape) {
			t.Errorf("tensor %d is %s %v %v, want %s %v %v", i, got.Name, got.Type, got.Shape, want.Name, want.Type, want.Shape)
		}
		tensor, err := f.Tensor(got.Name)
		if err != nil {
			t.Fatal(err)
		}
		block := formats[got.Type].values
		for start := 0; start < len(tensor.Data); start += block {
			back, wrote := tensor.Data[start:start+block], source[got.Name].Data[start:start+block]
			largest := float32(0)
			for _, x := range wrote {
				largest = max(largest, float32(math.Abs(float64(x))))
			}
			// Half a step of each format; of Q4_0 a whole one, for the side that reaches 7 only. The
			// scale's own rounding to float16 adds 2^-11, below float16's normal numbers 2^-25.
			step := map[Type]float32{F32: 0, F16: 0x1p-11, Q8_0: 0.51 / 127, Q4_0: 1.01 / 8}[got.Type]
			for j := range back {
				if off := float64(back[j] - wrote[j]); math.Abs(off) > float64(step*largest)+0x1p-25*128 && got.Type != F32 || off != 0 && got.Type == F32 {
					t.Fatalf("%s[%d] is %v, wrote %v", got.Name, start+j, back[j], wrote[j])
				}
			}
		}
	}
}

func check(t *testing.T, key string, got any, err error, want any) {
	t.Helper()
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s is %v (%v), want %v", key, got, err, want)
	}
}

// TestWriteRefuses: what cannot be written is an error, and nothing is left behind.
func TestWriteRefuses(t *testing.T) {
	nan, big := float32(math.NaN()), float32(7e4)
	row := func(x float32) []float32 { return append(make([]float32, 31), x) }
	for name, c := range map[string]struct {
		metadata []Pair
		info     Info
		data     []float32
		rangeErr bool
	}{
		"value of another type": {metadata: []Pair{{"k", 3}}, info: Info{"t", []int{32}, F32, 0, 0}, data: row(0)},
		"key twice":             {metadata: []Pair{{"k", true}, {"k", true}}, info: Info{"t", []int{32}, F32, 0, 0}, data: row(0)},
		"no key":                {metadata: []Pair{{"", true}}, info: Info{"t", []int{32}, F32, 0, 0}, data: row(0)},
		"alignment":             {metadata: []Pair{{alignmentKey, uint32(64)}}, info: Info{"t", []int{32}, F32, 0, 0}, data: row(0)},
		"format":                {info: Info{"t", []int{256}, Q4_K, 0, 0}, data: make([]float32, 256)},
		"row":                   {info: Info{"t", []int{2, 16}, Q8_0, 0, 0}, data: row(0)},
		"shape":                 {info: Info{"t", []int{0, 32}, F32, 0, 0}},
		"five dimensions":       {info: Info{"t", []int{1, 1, 1, 1, 32}, F32, 0, 0}, data: row(0)},
		"missing values":        {info: Info{"t", []int{32}, F32, 0, 0}, data: row(0)[:31]},
		"NaN":                   {info: Info{"t", []int{32}, F32, 0, 0}, data: row(nan), rangeErr: true},
		"infinite":              {info: Info{"t", []int{32}, Q8_0, 0, 0}, data: row(float32(math.Inf(-1))), rangeErr: true},
		"beyond float16":        {info: Info{"t", []int{32}, F16, 0, 0}, data: row(big), rangeErr: true},
		"scale beyond float16":  {info: Info{"t", []int{32}, Q4_0, 0, 0}, data: row(big * 9), rangeErr: true},
	} {
		dir := t.TempDir()
		source := checkpoint.Tensors{"t": {Name: "t", Shape: c.info.Shape, Data: c.data}}
		err := Write(t.Context(), filepath.Join(dir, "x.gguf"), c.metadata, []Info{c.info}, source, nil)
		if err == nil || errors.Is(err, ErrRange) != c.rangeErr {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%s: %v is left", name, left)
		}
	}
}

// TestWriteIsAtomic: a source that fails and a cancelled context leave the file that was there.
func TestWriteIsAtomic(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.gguf")
	if err := os.WriteFile(path, []byte("before"), 0o644); err != nil {
		t.Fatal(err)
	}
	infos := []Info{{Name: "a", Shape: []int{4}, Type: F32}, {Name: "b", Shape: []int{4}, Type: F32}}
	source := checkpoint.Tensors{"a": {Name: "a", Shape: []int{4}, Data: make([]float32, 4)}}
	if err := Write(t.Context(), path, nil, infos, source, nil); err == nil {
		t.Error("a missing tensor is no error")
	}
	source["b"] = checkpoint.Tensor{Name: "b", Shape: []int{4}, Data: make([]float32, 4)}
	ctx, cancel := context.WithCancel(t.Context())
	if err := Write(ctx, path, nil, infos, source, func(int64, int64) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancelling: %v", err)
	}
	if now, err := os.ReadFile(path); err != nil || string(now) != "before" {
		t.Errorf("the file holds %q (%v)", now, err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("%v is left", left)
	}
}

// FuzzWriteRead: what Write accepts, Read gives back.
func FuzzWriteRead(f *testing.F) {
	f.Add("general.name", "ĠĊ", "blk.0.weight", uint8(2), uint8(3), int32(-1), float32(0.5))
	f.Add("k", "", "t", uint8(1), uint8(1), int32(7), float32(-1e30))
	f.Fuzz(func(t *testing.T, key, text, name string, rows, kind uint8, number int32, x float32) {
		if key == "" || key == alignmentKey || name == "" || len(name) > maxName || !utf8.ValidString(key) || !utf8.ValidString(name) {
			return
		}
		types := []Type{F32, F16, Q8_0, Q4_0}
		info := Info{Name: name, Shape: []int{int(rows)%8 + 1, 32}, Type: types[int(kind)%len(types)]}
		data := make([]float32, info.Shape[0]*32)
		for i := range data {
			data[i] = x * float32(i%5)
		}
		path := filepath.Join(t.TempDir(), "x.gguf")
		pairs := []Pair{{key, text}, {key + "2", []int32{number}}}
		err := Write(t.Context(), path, pairs, []Info{info}, checkpoint.Tensors{name: {Shape: info.Shape, Data: data}}, nil)
		if errors.Is(err, ErrRange) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		g, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		if got, err := g.Text(key); err != nil || got != text {
			t.Errorf("%q is %q (%v), wrote %q", key, got, err, text)
		}
		if got, err := g.Ints(key + "2"); err != nil || len(got) != 1 || got[0] != int(number) {
			t.Errorf("number is %v (%v), wrote %d", got, err, number)
		}
		tensor, err := g.Tensor(name)
		if err != nil || !slices.Equal(tensor.Shape, info.Shape) {
			t.Fatalf("tensor has shape %v (%v), wrote %v", tensor.Shape, err, info.Shape)
		}
		if info.Type == F32 && !slices.Equal(tensor.Data, data) {
			t.Errorf("values are %v, wrote %v", tensor.Data, data)
		}
	})
}
