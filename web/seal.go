package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"path"
	"slices"
)

// placeholder stands in scripts for the name of their build until it is known.
const placeholder = "build-of-effir--"

// buildSection is the custom section of a module that names its build, see
// src/build.ts.
const buildSection = "effir build"

// seal names the build after the content of all files, in scripts and modules, so
// that a browser which has files of two builds, one from its cache and one from
// the server, does not run them together. The same files give the same name.
func (a Assets) seal() {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(a)) {
		for _, part := range [][]byte{[]byte(name), a[name]} {
			_ = binary.Write(h, binary.LittleEndian, uint64(len(part)))
			_, _ = h.Write(part)
		}
	}
	build := hex.EncodeToString(h.Sum(nil))[:len(placeholder)]
	for name, content := range a {
		switch path.Ext(name) {
		case ".js":
			a[name] = bytes.ReplaceAll(content, []byte(placeholder), []byte(build))
		case ".wasm":
			a[name] = append(slices.Clip(content), customSection(buildSection, build)...)
		}
	}
}

// customSection returns a custom section of a WebAssembly module, which may stand
// at its end. Name and content together have fewer than 127 bytes.
func customSection(name, content string) []byte {
	section := append([]byte{byte(len(name))}, name+content...)
	return append([]byte{0, byte(len(section))}, section...)
}
