package asm

import (
	"bytes"
	"encoding/hex"
	"math"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
)

// The expected bytes are written by hand after the specification's chapter 5.
func TestModuleBytes(t *testing.T) {
	m := NewModule()
	m.Memory("m", 2)
	g := m.Global(0xffffffff)
	f := m.Func("f")
	x, y := f.I32(), f.F32()
	sum := Let(f, x.Plus(200))
	f.Store(sum, 300, y.Splat())
	f.SetGlobal(g, sum)
	f.Return(x.LoadI32(4))
	m.Func("")

	want := strings.Join([]string{
		"0061736d 01000000",
		"01 0a 02  60 02 7f 7d 01 7f  60 00 00", // types (i32 f32) -> i32, () -> ()
		"03 03 02  00 01",
		"05 03 01  00 02",                        // memory of two pages without a limit
		"06 06 01  7f 01 41 7f 0b",               // mutable i32 global, i32.const -1
		"07 09 02  01 6d 02 00  01 66 00 00",     // memory "m", function "f"
		"0a 26 02  21 01 01 7f",                  // two bodies; the first, 33 bytes: one local, i32
		"20 00 41 c8 01 6a 21 02",                // sum = x + 200
		"20 02 20 01 fd 13 fd 0b 00 ac 02",       // v128.store offset=300
		"20 02 24 00", "20 00 28 00 04 0f", "0b", // global, i32.load offset=4, return, end
		"02 00 0b", // the second body: no locals, end
	}, "")
	if got := hex.EncodeToString(m.Bytes()); got != strings.ReplaceAll(want, " ", "") {
		t.Errorf("got  %s\nwant %s", got, strings.ReplaceAll(want, " ", ""))
	}
}

func TestLEB128(t *testing.T) {
	for v, want := range map[uint32]string{0: "00", 127: "7f", 128: "8001", 624485: "e58e26", 1<<32 - 1: "ffffffff0f"} {
		if got := hex.EncodeToString(uleb(v)); got != want {
			t.Errorf("uleb(%d) = %s, want %s", v, got, want)
		}
	}
	for v, want := range map[int64]string{0: "00", 63: "3f", 64: "c000", -1: "7f", -64: "40", -65: "bf7f", -123456: "c0bb78"} {
		if got := hex.EncodeToString(sleb(v)); got != want {
			t.Errorf("sleb(%d) = %s, want %s", v, got, want)
		}
	}
}

func TestControl(t *testing.T) {
	m := NewModule()
	f := m.Func("sum") // 1 + 2 + ... + n, or 1000 if n > 100
	n := f.I32()
	f.If(n.GtU(Int(100)), func() { f.Return(Int(1000)) })
	sum := Let(f, Int(0))
	f.While(n, func() {
		sum.Set(sum.Add(n))
		n.Advance(-1)
	})
	f.Return(sum)

	r := wazero.NewRuntime(t.Context())
	defer r.Close(t.Context())
	module, err := r.Instantiate(t.Context(), m.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[uint64]uint64{0: 0, 1: 1, 10: 55, 100: 5050, 101: 1000, 1<<32 - 1: 1000} {
		got, err := module.ExportedFunction("sum").Call(t.Context(), n)
		if err != nil || got[0] != want {
			t.Errorf("sum(%d) = %v, %v, want %d", n, got, err, want)
		}
	}
}

// A local keeps its value where an expression is evaluated anew.
func TestLet(t *testing.T) {
	m := NewModule()
	f := m.Func("")
	x := f.I32()
	square := Let(f, x.Mul(x))
	before := len(f.code)
	f.Return(square.Add(square))
	if got, want := f.code[before:], []byte{opLocalGet, 1, opLocalGet, 1, opI32Add, opReturn}; !bytes.Equal(got, want) {
		t.Errorf("got % x, want % x", got, want)
	}
}

func TestMistakesPanic(t *testing.T) {
	for name, make := range map[string]func(m *Module, f *Func){
		"parameter after local": func(_ *Module, f *Func) { Let(f, Int(1)); f.I32() },
		"set of expression":     func(*Module, *Func) { Int(1).Set(Int(2)) },
		"two memories":          func(m *Module, _ *Func) { m.Memory("a", 1); m.Memory("b", 1) },
		"too few arguments": func(m *Module, f *Func) {
			callee := m.Func("")
			callee.I32()
			f.Call(callee)
		},
		"argument of another type": func(m *Module, f *Func) {
			callee := m.Func("")
			callee.I32()
			f.Call(callee, Float(1))
		},
		"results of two types": func(_ *Module, f *Func) { f.Return(Int(1)); f.Return(Float(1)) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			m := NewModule()
			make(m, m.Func(""))
		})
	}
}

// Constants of the pool lie in memory once each, from its start on.
func TestPool(t *testing.T) {
	m := NewModule()
	m.Memory("m", 1)
	m.Pool(64, 32)
	f := m.Func("twice")
	x := f.F32()
	two := f.FloatAll(2)
	f.Return(x.Splat().Mul(two).Add(f.FloatAll(0.5).Mul(f.FloatAll(2))).Lane(0))

	r := wazero.NewRuntime(t.Context())
	defer r.Close(t.Context())
	module, err := r.Instantiate(t.Context(), m.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	got, err := module.ExportedFunction("twice").Call(t.Context(), uint64(math.Float32bits(3)))
	if err != nil || math.Float32frombits(uint32(got[0])) != 7 {
		t.Errorf("2*3 + 0.5*2 = %v, %v", got, err)
	}
	memory, _ := module.Memory().Read(64, 32)
	if want := "0000004000000040000000400000004" + "00000003f0000003f0000003f0000003f"; hex.EncodeToString(memory) != want {
		t.Errorf("the pool holds %x, want %s", memory, want)
	}
	defer func() {
		if recover() == nil {
			t.Error("a pool takes more constants than it has room for")
		}
	}()
	f.IntAll(7)
}
