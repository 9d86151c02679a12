package limits

import (
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/avx2"
	"github.com/effir/effir/wasm/kernel/avx2/internal/limit"
)

// All returns the limits of the kernels that this processor runs.
func All() (list []Limit) {
	const narrow, wide = 2 * 6 * 8 * kernel.Group, 2 * 8 * 16 * kernel.Group // rows x columns of the highest tiles
	if avx2.Supported() {
		list = append(list, Limit{"avx2", 4, narrow, limit.Q4}, Limit{"avx2", 7, narrow, limit.Q7})
	}
	if avx2.AVXVNNISupported() {
		list = append(list, Limit{"avxvnni", 4, narrow, limit.AVXVNNI}, Limit{"avxvnni", 7, narrow, limit.AVXVNNI})
	}
	if avx2.VNNISupported() {
		list = append(list, Limit{"avx512vnni", 4, wide, limit.VNNI}, Limit{"avx512vnni", 7, wide, limit.VNNI})
	}
	return list
}

// Operations returns the limits of the named kernels' operations, nil for kernels without any.
func Operations(kernels string) map[Operation]RowLimit {
	all := map[Operation]RowLimit{
		Attention: {2 * 4 * 2 * 8, limit.Attention}, // 4 rows of 16 columns
		Softmax:   {8, limit.Softmax},
		Quantise:  {kernel.Group, limit.Quantise},
		GELU:      {16, limit.GELU},
		SwiGLU:    {8, limit.SwiGLU},
		LayerNorm: {4 * 8, limit.LayerNorm},
		RMSNorm:   {4 * 8, limit.RMSNorm},
		RoPE:      {2 * 16, limit.RoPE},
		DotI8:     {4 * 16, limit.DotI8},
		Hamming:   {4 * 8, limit.Hamming},
	}
	switch kernels {
	case "avx512vnni":
		all[Attention] = RowLimit{2 * 8 * 2 * 16, limit.Attention512} // 8 rows of 32 columns
		all[Softmax] = RowLimit{4 * 16, limit.Softmax512}
		all[Quantise] = RowLimit{16 * kernel.Group, limit.Quantise512}
		all[LayerNorm] = RowLimit{4 * 16, limit.LayerNorm512}
		all[GELU] = RowLimit{4 * 16, limit.GELU512}
		all[SwiGLU] = RowLimit{4 * 16, limit.SwiGLU512}
	case "avx2", "avxvnni":
	default:
		return nil
	}
	return all
}

// Read reads memory and does nothing else: what no scan of as many bytes can exceed. Of a length that is
// no multiple of 256 the rest is left out.
func Read(memory []byte) {
	if blocks := len(memory) / 256; blocks > 0 {
		limit.Read(&memory[0], blocks)
	}
}
