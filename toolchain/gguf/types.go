package gguf

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Type is ggml's code of a number format.
type Type uint32

// The number formats that can be read.
const (
	F32  Type = 0
	F16  Type = 1
	Q4_0 Type = 2
	Q4_1 Type = 3
	Q5_0 Type = 6
	Q5_1 Type = 7
	Q8_0 Type = 8
	Q4_K Type = 12
	Q5_K Type = 13
	Q6_K Type = 14
	BF16 Type = 30
)

// names has ggml's names also of formats that we know but cannot read, for errors.
var names = map[Type]string{
	F32: "F32", F16: "F16", Q4_0: "Q4_0", Q4_1: "Q4_1", Q5_0: "Q5_0", Q5_1: "Q5_1", Q8_0: "Q8_0",
	9: "Q8_1", 10: "Q2_K", 11: "Q3_K", Q4_K: "Q4_K", Q5_K: "Q5_K", Q6_K: "Q6_K", 15: "Q8_K",
	16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS",
	24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M", BF16: "BF16", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
}

// String is ggml's name of the format.
func (t Type) String() string {
	if name, ok := names[t]; ok {
		return name
	}
	return "type " + strconv.FormatUint(uint64(t), 10)
}

// format says how a number format is stored: blocks of a fixed number of values and bytes.
type format struct {
	values, bytes int
	convert       func(dst []float32, block []byte)
}

var formats = map[Type]format{
	F32:  {1, 4, convertF32},
	F16:  {1, 2, convertF16},
	BF16: {1, 2, convertBF16},
	Q4_0: {32, 2 + 16, convertQ4_0},
	Q4_1: {32, 2 + 2 + 16, convertQ4_1},
	Q5_0: {32, 2 + 4 + 16, convertQ5_0},
	Q5_1: {32, 2 + 2 + 4 + 16, convertQ5_1},
	Q8_0: {32, 2 + 32, convertQ8_0},
	Q4_K: {256, 2 + 2 + 12 + 128, convertQ4_K},
	Q5_K: {256, 2 + 2 + 12 + 32 + 128, convertQ5_K},
	Q6_K: {256, 128 + 64 + 16 + 2, convertQ6_K},
}

// supported lists the readable formats.
func supported() string {
	var all []string
	for t := range formats {
		all = append(all, t.String())
	}
	slices.Sort(all)
	return fmt.Sprintf("the number formats %s", strings.Join(all, ", "))
}
