package tinymodel

import (
	"strconv"
	"testing"

	"github.com/effir/effir/toolchain/checkpoint"
	"github.com/effir/effir/toolchain/export"
)

// BertConfig is the shape of the BERT model.
func BertConfig() checkpoint.Config {
	return checkpoint.Config{
		Architectures: []string{"BertModel"}, ModelType: checkpoint.Bert, HiddenAct: "gelu",
		HiddenSize: 64, IntermediateSizes: []int{96, 0, 40, 128}, NumHiddenLayers: 4,
		NumAttentionHeads: 4, NumKeyValueHeads: 4, HeadDim: 16, DroppedAttention: []int{2},
		LayerNormEps: 1e-12, TypeVocabSize: 2, VocabSize: len(pieces()), MaxPositionEmbeddings: 128,
		TorchDtype: "float32",
		Embedding: &checkpoint.Embedding{
			Pooling: checkpoint.PoolCLS, Normalize: true, QueryPrefix: "query: ", MaxTokens: MaxTokens,
		},
		Provenance: &checkpoint.Provenance{Source: "random", License: "Apache-2.0"},
	}
}

// NewBert draws the BERT model's weights by seed.
func NewBert(seed uint64) *Source { return draw(BertConfig(), wordPieceTokenizer(), seed) }

// WriteBert makes a package of the BERT model in a temporary folder of the test
// and returns its path.
func WriteBert(t testing.TB) string {
	t.Helper()
	return write(t, NewBert(1), export.Options{
		Name:      "tiny-bert",
		Precision: export.Precision{Weights: 7, Embedding: 4, Overrides: map[string]int{"layer.0.*": 4, "layer.3.qkv": 4}},
	})
}

// WriteBertLong is WriteBert for texts of up to LongTokens, with pooling by mean: all
// rows of the last layer count.
func WriteBertLong(t testing.TB) string {
	t.Helper()
	config := BertConfig()
	config.MaxPositionEmbeddings = LongTokens
	config.Embedding.MaxTokens, config.Embedding.Pooling = LongTokens, checkpoint.PoolMean
	return write(t, draw(config, wordPieceTokenizer(), 1), export.Options{Name: "tiny-bert-long"})
}

// pieces is the WordPiece vocabulary, in order: special and unused tokens, single
// letters, digits and signs, the first two as continuations too, some words.
func pieces() []string {
	list := []string{"[PAD]"}
	for i := range 5 {
		list = append(list, "[unused"+strconv.Itoa(i)+"]")
	}
	list = append(list, "[UNK]", "[CLS]", "[SEP]", "[MASK]")
	for c := '!'; c <= '~'; c++ {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			list = append(list, string(c), "##"+string(c))
		case c < 'A' || c > 'Z':
			list = append(list, string(c))
		}
	}
	return append(list, "how", "cancel", "request", "##ing", "##er", "the", "read", "file", "list", "query")
}

func wordPieceTokenizer() []byte {
	vocab := object{}
	ids := map[string]int{}
	for id, piece := range pieces() {
		vocab[piece], ids[piece] = id, id
	}
	var added []any
	special := object{}
	for _, token := range []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"} {
		added = append(added, object{
			"id": ids[token], "content": token, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true,
		})
		special[token] = object{"id": token, "ids": []int{ids[token]}, "tokens": []string{token}}
	}
	around := func(token string) object { return object{"SpecialToken": object{"id": token, "type_id": 0}} }
	text := object{"Sequence": object{"id": "A", "type_id": 0}}
	return encode(object{
		"version": "1.0", "added_tokens": added,
		"normalizer":    object{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": nil, "lowercase": true},
		"pre_tokenizer": object{"type": "BertPreTokenizer"},
		"post_processor": object{
			"type": "TemplateProcessing", "single": []any{around("[CLS]"), text, around("[SEP]")}, "special_tokens": special,
		},
		"decoder": object{"type": "WordPiece", "prefix": "##", "cleanup": true},
		"model": object{
			"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocab,
		},
	})
}
