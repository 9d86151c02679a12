package gguf

import (
	"fmt"
	"math"
	"slices"
)

const alignmentKey = "general.alignment"

// kind is the type code of a metadata value.
type kind uint32

const (
	kindUint8 kind = iota
	kindInt8
	kindUint16
	kindInt16
	kindUint32
	kindInt32
	kindFloat32
	kindBool
	kindString
	kindArray
	kindUint64
	kindInt64
	kindFloat64
)

var kindNames = [...]string{"uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "bool", "string", "array", "uint64", "int64", "float64"}

func (k kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("unknown type %d", uint32(k))
}

// bytes is the size of a value, for strings and arrays the least size.
func (k kind) bytes() int {
	switch k {
	case kindUint8, kindInt8, kindBool:
		return 1
	case kindUint16, kindInt16:
		return 2
	case kindUint32, kindInt32, kindFloat32:
		return 4
	case kindArray:
		return 12
	}
	return 8
}

func (k kind) integer() bool {
	switch k {
	case kindUint8, kindInt8, kindUint16, kindInt16, kindUint32, kindInt32, kindUint64, kindInt64:
		return true
	}
	return false
}

// value is one metadata value: scalars keep their bits, sign-extended to 64 for signed integers.
type value struct {
	kind    kind
	element kind // of arrays
	bits    uint64
	text    string
	texts   []string // array of strings
	numbers []uint64 // array of anything else, each as bits
}

// readPair reads one metadata pair.
func (f *File) readPair(s *scanner, index int) {
	field := fmt.Sprintf("metadata pair %d", index)
	key := s.name(field, maxKey)
	if s.err != nil {
		return
	}
	if _, twice := f.metadata[key]; twice {
		s.fail(key, "the key occurs twice")
		return
	}
	v := value{kind: kind(s.uint(key, 4))}
	switch {
	case v.kind == kindString:
		v.text = s.text(key, maxString)
	case v.kind == kindArray:
		s.array(key, &v)
	case int(v.kind) < len(kindNames):
		v.bits = s.scalar(key, v.kind)
	default:
		s.fail(key, fmt.Sprintf("has the %v", v.kind))
	}
	f.metadata[key] = v
}

func (s *scanner) array(key string, v *value) {
	v.element = kind(s.uint(key, 4))
	if s.err == nil && (v.element == kindArray || int(v.element) >= len(kindNames)) {
		s.fail(key, fmt.Sprintf("is an array of %v, which is not supported", v.element))
	}
	n := s.count(key, maxArray, int64(v.element.bytes()))
	if s.err != nil {
		return
	}
	if s.payload += int64(n) * 16; s.payload > maxPayload { // 16 bytes: a string's header, the larger case
		s.fail(key, fmt.Sprintf("the header has more than %d bytes of metadata", maxPayload))
		return
	}
	if v.element == kindString {
		v.texts = make([]string, n)
		for i := range v.texts {
			v.texts[i] = s.text(key, maxString)
		}
		return
	}
	v.numbers = make([]uint64, n)
	for i := range v.numbers {
		v.numbers[i] = s.scalar(key, v.element)
	}
}

// scalar reads the bits of a number or bool.
func (s *scanner) scalar(key string, k kind) uint64 {
	bits := s.uint(key, k.bytes())
	switch k {
	case kindInt8:
		return uint64(int64(int8(bits)))
	case kindInt16:
		return uint64(int64(int16(bits)))
	case kindInt32:
		return uint64(int64(int32(bits)))
	case kindBool:
		if bits > 1 {
			s.fail(key, fmt.Sprintf("a bool has the value %d", bits))
		}
	}
	return bits
}

// Has reports whether the metadata has the key.
func (f *File) Has(key string) bool {
	_, ok := f.metadata[key]
	return ok
}

// IsArray reports whether the metadata has the key with an array as its value.
func (f *File) IsArray(key string) bool { return f.metadata[key].kind == kindArray && f.Has(key) }

// Text returns a string of the metadata.
func (f *File) Text(key string) (string, error) {
	v, err := f.value(key, "a string", func(v value) bool { return v.kind == kindString })
	return v.text, err
}

// Bool returns a truth value of the metadata.
func (f *File) Bool(key string) (bool, error) {
	v, err := f.value(key, "a bool", func(v value) bool { return v.kind == kindBool })
	return v.bits == 1, err
}

// Uint returns a non-negative integer of the metadata, below 2^31.
func (f *File) Uint(key string) (int, error) {
	v, err := f.value(key, "an integer", func(v value) bool { return v.kind.integer() })
	if err == nil && v.bits > math.MaxInt32 {
		err = f.fail(key, fmt.Sprintf("is out of range: %d", int64(v.bits)), remedyMetadata)
	}
	return int(v.bits), err
}

// Float returns a floating point number of the metadata, as the shortest decimal number that the
// stored value stands for: 1e-5 stored as float32 gives 1e-5, not 9.99999974e-6.
func (f *File) Float(key string) (float64, error) {
	v, err := f.value(key, "a floating point number", func(v value) bool { return v.kind == kindFloat32 || v.kind == kindFloat64 })
	if err != nil {
		return 0, err
	}
	if v.kind == kindFloat64 {
		return math.Float64frombits(v.bits), nil
	}
	return shortest(math.Float32frombits(uint32(v.bits))), nil
}

// Texts returns an array of strings of the metadata.
func (f *File) Texts(key string) ([]string, error) {
	v, err := f.value(key, "an array of strings", func(v value) bool { return v.kind == kindArray && v.element == kindString })
	return slices.Clone(v.texts), err
}

// Ints returns an array of integers of the metadata.
func (f *File) Ints(key string) ([]int, error) {
	v, err := f.value(key, "an array of integers", func(v value) bool { return v.kind == kindArray && v.element.integer() })
	if err != nil {
		return nil, err
	}
	out := make([]int, len(v.numbers))
	for i, bits := range v.numbers {
		if n := int64(bits); n < math.MinInt32 || n > math.MaxInt32 {
			return nil, f.fail(key, fmt.Sprintf("entry %d is out of range: %d", i, n), remedyMetadata)
		}
		out[i] = int(int64(bits))
	}
	return out, nil
}

const remedyMetadata = "use a file made by a current llama.cpp converter"

func (f *File) value(key, want string, ok func(value) bool) (value, error) {
	v, found := f.metadata[key]
	if !found {
		return value{}, f.fail(key, "is missing", remedyMetadata)
	}
	if !ok(v) {
		got := v.kind.String()
		if v.kind == kindArray {
			got = "array of " + v.element.String()
		}
		return value{}, f.fail(key, fmt.Sprintf("has the type %s, want %s", got, want), remedyMetadata)
	}
	return v, nil
}
