package tokenizer

import (
	"strings"
	"testing"
)

func BenchmarkEncode(b *testing.B) {
	for _, name := range []string{"smollm2", "bge-small"} {
		b.Run(name, func(b *testing.B) { benchmarkEncode(b, load(b, name)) })
	}
}

func benchmarkEncode(b *testing.B, tok *Tokenizer) {
	prose := strings.Repeat("The context carries deadlines, cancellation signals, and other request-scoped values "+
		"across API boundaries; don't store it in a struct (see RFC 2119, section 3.1).\n", 200)
	source := strings.Repeat("\tif err := r.fail(\"tokens\", n+1); err != nil {\n\t\treturn nil, err // 12 bytes\n\t}\n", 200)
	for name, text := range map[string]string{
		"prose":   prose,
		"code":    source,
		"russian": strings.Repeat("Съешь ещё этих мягких французских булок, да выпей же чаю. ", 200),
		"chinese": strings.Repeat("搜索引擎在几秒钟内找到了正确的段落并标明了出处", 200),
		"letter":  strings.Repeat("a", 20000),
	} {
		b.Run(name, func(b *testing.B) {
			dst := make([]int32, 0, len(text))
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				dst = tok.Encode(dst[:0], text)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for _, name := range []string{"smollm2", "bge-small"} {
		b.Run(name, func(b *testing.B) { benchmarkParse(b, readTestdata(b, name+".bin.gz")) })
	}
}

func benchmarkParse(b *testing.B, compact []byte) {
	b.SetBytes(int64(len(compact)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(compact); err != nil {
			b.Fatal(err)
		}
	}
}
