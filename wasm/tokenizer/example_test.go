package tokenizer_test

import (
	"fmt"

	"github.com/effir/effir/wasm/tokenizer"
)

func ExampleFromVocab() {
	t, err := tokenizer.FromVocab(tokenizer.Vocabulary{
		Tokens:       []string{"<|end|>", "a", "b", "Ġ", "ab", "Ġab"},
		Kinds:        []tokenizer.Kind{0: tokenizer.Special, 5: tokenizer.Normal},
		Merges:       []string{"a b", "Ġ ab"},
		PreTokenizer: tokenizer.SmolLM,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ids := t.Encode(nil, "ab aba<|end|>")
	text, err := t.Decode(ids)
	fmt.Println(ids, text, err)
	// Output: [4 5 1 0] ab aba<|end|> <nil>
}
