package gguf

import (
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"testing"
)

// TestEveryFormat compares with the conversions of the Python package "gguf".
func TestEveryFormat(t *testing.T) {
	f, err := Open("testdata/formats.gguf")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var names []string
	for _, info := range f.Tensors() {
		names = append(names, info.Name)
		if info.Type.String() != info.Name {
			t.Errorf("tensor %s has type %v", info.Name, info.Type)
		}
	}
	if len(names) != len(formats) {
		t.Errorf("the file has %d formats, the reader knows %d", len(names), len(formats))
	}
	slices.Sort(names)
	want := golden(t, "formats.f32")
	for _, name := range names {
		got, err := f.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Shape) != 2 || got.Shape[0] != 3 || len(got.Data) != 3*got.Shape[1] {
			t.Fatalf("%s has shape %v and %d values", name, got.Shape, len(got.Data))
		}
		for i, x := range got.Data {
			if bits := binary.LittleEndian.Uint32(want[4*i:]); math.Float32bits(x) != bits {
				t.Fatalf("%s[%d] = %v, want %v", name, i, x, math.Float32frombits(bits))
			}
		}
		want = want[4*len(got.Data):]
	}
	if len(want) != 0 {
		t.Errorf("%d bytes of expected values are left", len(want))
	}
}

func TestEveryMetadataKind(t *testing.T) {
	f, err := Open("testdata/formats.gguf")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	check := func(key string, got any, err error, want any) {
		t.Helper()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s = %v (%v), want %v", key, got, err, want)
		}
	}
	for key, want := range map[string]int{"k.uint8": 200, "k.uint16": 60000, "k.uint32": math.MaxInt32} {
		got, err := f.Uint(key)
		check(key, got, err, want)
	}
	for _, key := range []string{"k.float32", "k.float64"} {
		got, err := f.Float(key)
		check(key, got, err, 1e-5)
	}
	for key, want := range map[string]bool{"k.true": true, "k.false": false} {
		got, err := f.Bool(key)
		check(key, got, err, want)
	}
	text, err := f.Text("k.string")
	check("k.string", text, err, "Grüße")
	texts, err := f.Texts("k.strings")
	check("k.strings", texts, err, []string{"a", "", "ĠĊ"})
	ints, err := f.Ints("k.ints")
	check("k.ints", ints, err, []int{3, -4, 5})
	if !f.Has("k.ints") || f.Has("k.nothing") || !f.IsArray("k.ints") || f.IsArray("k.true") || f.IsArray("k.nothing") {
		t.Error("Has or IsArray is wrong")
	}

	// Wrong types and values out of range name the field.
	for _, c := range []struct {
		key, mentions string
		read          func(string) error
	}{
		{"k.nothing", "is missing", func(k string) error { _, err := f.Uint(k); return err }},
		{"k.string", "has the type string, want an integer", func(k string) error { _, err := f.Uint(k); return err }},
		{"k.int8", "out of range: -100", func(k string) error { _, err := f.Uint(k); return err }},
		{"k.int16", "out of range: -30000", func(k string) error { _, err := f.Uint(k); return err }},
		{"k.int32", "out of range: -2000000000", func(k string) error { _, err := f.Uint(k); return err }},
		{"k.int64", "out of range: -1099511627776", func(k string) error { _, err := f.Uint(k); return err }},
		{"k.uint64", "out of range: 1099511627776", func(k string) error { _, err := f.Uint(k); return err }},
		{"k.uint8", "has the type uint8, want a floating", func(k string) error { _, err := f.Float(k); return err }},
		{"k.ints", "has the type array of int32, want a string", func(k string) error { _, err := f.Text(k); return err }},
		{"k.ints", "has the type array of int32, want an array of strings", func(k string) error { _, err := f.Texts(k); return err }},
		{"k.floats", "has the type array of float32, want an array of integers", func(k string) error { _, err := f.Ints(k); return err }},
		{"k.bools", "has the type array of bool, want an array of integers", func(k string) error { _, err := f.Ints(k); return err }},
		{"k.uint8", "has the type uint8, want a bool", func(k string) error { _, err := f.Bool(k); return err }},
	} {
		f.name = "x.gguf"
		wantError(t, c.read(c.key), c.key, c.mentions)
	}
}

func TestMinimalFile(t *testing.T) {
	f, err := file(1, 0).tensor("t", F32, 0, 2, 3).data(24).read()
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Tensor("t")
	if err != nil || !slices.Equal(got.Shape, []int{3, 2}) || len(got.Data) != 6 {
		t.Errorf("got %+v (%v)", got, err)
	}
	_, err = f.Tensor("u")
	wantError(t, err, "u", "no such tensor")
}
