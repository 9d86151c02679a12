package conformance

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/effir/effir/wasm/kernel"
)

// margin is the number of bytes on either side of an argument that must stay
// as they were.
const margin = 64

// slab is the size of the memory that all cases of one operation share, so that
// each case starts from the leftovers of the one before.
const slab = 8 << 20

// suite runs the cases of one operation on two implementations.
type suite struct {
	*rand.Rand
	t         *testing.T
	operation string
	kernels   [2]kernel.Kernels // reference, tested
	base      [2]kernel.Ptr
}

func newSuite(t *testing.T, operation string, tested kernel.Kernels) *suite {
	s := &suite{Rand: random(operation), t: t, operation: operation}
	s.kernels = [2]kernel.Kernels{kernel.NewReference(), tested}
	for i, k := range s.kernels {
		var err error
		if s.base[i], err = k.Alloc(slab); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// argument is a range of memory that a case hands to an operation.
type argument struct {
	name    string
	data    []byte // the contents before the call
	unit    int    // bytes per element, which is also the alignment
	float   bool   // elements are float32 and must not become NaN
	written bool   // the operation writes it
	scratch bool   // contents after the call are unspecified
}

func floats(name string, values []float32) argument {
	data := make([]byte, 0, 4*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return argument{name: name, data: data, unit: 4, float: true}
}

func int32s(name string, values []int32) argument {
	data := make([]byte, 0, 4*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, uint32(v))
	}
	return argument{name: name, data: data, unit: 4}
}

func bytes(name string, data []byte) argument { return argument{name: name, data: data, unit: 1} }

// result is an argument of count floats that the operation fills.
func (s *suite) result(name string, count int) argument {
	return argument{name: name, data: s.bytes(4 * count), unit: 4, float: true, written: true}
}

// bytes returns n random bytes.
func (s *suite) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(s.Uint32())
	}
	return b
}

// lay puts the arguments one behind the other, each at the least alignment that the
// contract demands, between bytes that no operation may write.
func (s *suite) lay(shape string, arguments []argument) (image []byte, offsets []int) {
	s.t.Helper()
	for _, a := range arguments {
		image = append(image, s.bytes(margin+a.unit*s.IntN(16))...)
		for len(image)%a.unit != 0 {
			image = append(image, 0)
		}
		offsets = append(offsets, len(image))
		image = append(append(image, a.data...), s.bytes(margin)...)
	}
	if len(image) > slab {
		s.t.Fatalf("%s %s: the case needs %d bytes, more than the slab", s.operation, shape, len(image))
	}
	return image, offsets
}

func pointers(base kernel.Ptr, offsets []int) []kernel.Ptr {
	p := make([]kernel.Ptr, len(offsets))
	for i, offset := range offsets {
		p[i] = base.Add(offset)
	}
	return p
}

// check calls the operation on both implementations and compares.
func (s *suite) check(shape string, call func(k kernel.Kernels, p []kernel.Ptr), arguments ...argument) {
	s.t.Helper()
	image, offsets := s.lay(shape, arguments)
	var after [2][]byte
	for i, k := range s.kernels {
		k.Write(s.base[i], image)
		call(k, pointers(s.base[i], offsets))
		after[i] = make([]byte, len(image))
		k.Read(after[i], s.base[i])
	}
	for j, a := range arguments {
		if a.float {
			s.refuseNaN(shape, a.name, after[0][offsets[j]:][:len(a.data)])
		}
		if a.scratch {
			copy(after[1][offsets[j]:][:len(a.data)], after[0][offsets[j]:])
		}
	}
	if string(after[0]) != string(after[1]) {
		s.t.Fatalf("%s %s %s", s.operation, shape, difference(after[0], after[1], arguments, offsets))
	}
}

// refuseNaN fails where a case of this suite is outside the contract: the bits
// of a NaN depend on the machine.
func (s *suite) refuseNaN(shape, name string, data []byte) {
	s.t.Helper()
	for i := 0; i < len(data); i += 4 {
		if bits := binary.LittleEndian.Uint32(data[i:]); bits&0x7fffffff > 0x7f800000 {
			s.t.Fatalf("%s %s: the reference has a NaN in %s[%d]", s.operation, shape, name, i/4)
		}
	}
}

// difference describes the first byte in which got differs from want.
func difference(want, got []byte, arguments []argument, offsets []int) string {
	at := 0
	for want[at] == got[at] {
		at++
	}
	for j, a := range arguments {
		start, end := offsets[j], offsets[j]+len(a.data)
		switch {
		case at < start:
			return fmt.Sprintf("writes %d bytes before %s", start-at, a.name)
		case at < end && a.unit == 4:
			i := (at - start) / 4
			w := binary.LittleEndian.Uint32(want[start+4*i:])
			g := binary.LittleEndian.Uint32(got[start+4*i:])
			return fmt.Sprintf("%s[%d]: got %v (bits %08x, int32 %d), want %v (bits %08x, int32 %d)", a.name, i,
				math.Float32frombits(g), g, int32(g), math.Float32frombits(w), w, int32(w))
		case at < end:
			return fmt.Sprintf("%s[%d]: got %d, want %d", a.name, at-start, int8(got[at]), int8(want[at]))
		case at < end+margin:
			return fmt.Sprintf("writes %d bytes after the end of %s", at-end, a.name)
		}
	}
	return "writes outside of all arguments"
}
