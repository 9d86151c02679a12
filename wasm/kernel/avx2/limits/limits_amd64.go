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
