package main

import (
	"os"

	"github.com/effir/effir/wasm/tokenizer"
)

func main() {
	b := make([]byte, 1<<20)
	n, _ := os.Stdin.Read(b)
	t, err := tokenizer.Parse(b[:n])
	if err != nil {
		panic(err)
	}
	println(len(t.Encode(nil, "hello world")))
}
