//go:build !amd64

package limits

// All returns nothing: no kernels were generated for this architecture.
func All() []Limit { return nil }

// Operations returns nothing.
func Operations(string) map[Operation]RowLimit { return nil }

// Read reads memory as fast as plain code does.
func Read(memory []byte) {
	var sum byte
	for _, b := range memory {
		sum |= b
	}
	read = sum
}

var read byte // or else nothing would be read
