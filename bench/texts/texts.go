// Package texts makes texts of given numbers of tokens.
package texts

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"

	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/model/modeldir"
	"github.com/effir/effir/wasm/tokenizer"
)

// Lengths are the tokens of the texts that are embedded, special tokens included.
var Lengths = []int{8, 16, 32, 64, 128}

// Variants is the number of different texts of a length: no system may answer from a cache.
const Variants = 7

// words are common and of one token each in the vocabularies compared; those that are not are left out.
var words = strings.Fields(`
	the water of a river and its city house light road time world people small great first new old high
	long white black green blue red open large early winter summer morning night story music paper table
	window garden market village mountain ocean island forest field stone glass metal paint bread fruit
	animal horse bird fish tree leaf cloud storm wind rain snow sun moon star earth fire history science
	school teacher student letter number question answer reason power energy machine engine train ship
	bridge station office doctor hospital law court king queen army peace war trade money price bank
	found made built known called used seen held kept given taken moved carried between before after
	under over near through without against during because where which while there every other many`)

// Make returns Variants texts of each length, as the tokenizer of a package counts with the special
// tokens that the package puts around passages.
func Make(m *model.Manifest, t *tokenizer.Tokenizer) (map[int][]string, error) {
	if m.Embedding.Passage != "" {
		return nil, fmt.Errorf("package %s puts %q before passages: texts of a given length cannot be made for it", m.Name, m.Embedding.Passage)
	}
	var usable []string
	for _, word := range words {
		// The first word of a text has no space before it, others do.
		if len(t.Encode(nil, word)) == 1 && len(t.Encode(nil, "the "+word)) == 2 {
			usable = append(usable, word)
		}
	}
	if len(usable) < 50 {
		return nil, fmt.Errorf("package %s: only %d words are one token each", m.Name, len(usable))
	}
	random := rand.New(rand.NewPCG(1, 2))
	special := len(m.Embedding.Prefix) + len(m.Embedding.Suffix)
	all := map[int][]string{}
	for _, length := range Lengths {
		for range Variants {
			chosen := make([]string, length-special)
			for i := range chosen {
				chosen[i] = usable[random.IntN(len(usable))]
			}
			text := strings.Join(chosen, " ")
			if n := len(t.Encode(nil, text)) + special; n != length {
				return nil, fmt.Errorf("package %s: %q is %d tokens, want %d", m.Name, text, n, length)
			}
			all[length] = append(all[length], text)
		}
	}
	return all, nil
}

// Of is Make for a package with its own tokenizer.
func Of(files fs.FS) (map[int][]string, error) {
	m, _, err := modeldir.Open(files)
	if err != nil {
		return nil, err
	}
	t, err := modeldir.Tokenizer(files, m)
	if err != nil {
		return nil, err
	}
	return Make(m, t)
}
