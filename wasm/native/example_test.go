package native_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/native"
)

// The folder is a model package as "effir export" writes it. The example is
// compiled but not run, since it needs one.
func Example() {
	ctx := context.Background()
	texts := []string{"A context cancels a request.", "A slice grows by append."}

	e, err := native.Open(os.DirFS("packages/slim"), native.Options{})
	if err != nil {
		log.Fatal(err)
	}
	vectors, err := e.Embed(ctx, texts, encoder.Passage, nil) // on all cores
	if err != nil {
		log.Fatal(err)
	}
	for i, text := range texts {
		fmt.Println(text, len(vectors[i]))
	}
}
