// Package tokenizer turns text into token ids and back: byte-level byte-pair
// encoding with the pre-tokenizers of SmolLM2, GPT-2, Llama 3 and Qwen 2, and
// WordPiece with BERT's normalizer and pre-tokenizer, cased and uncased.
//
// The measure of correctness is the Hugging Face "tokenizers" library: for
// valid UTF-8 the ids are the same as those of its encode without a template
// (no beginning or end tokens are added). For invalid UTF-8, which that library
// does not accept, every stray byte counts as a punctuation mark and is encoded
// as its byte token (BPE), or counts as U+FFFD (WordPiece).
//
// In both kinds added tokens (such as <|im_start|> or [SEP]) are cut out of the
// text first, leftmost first and longest first.
//
// BPE splits what lies between into words by the pre-tokenizer; each word becomes
// a list of byte tokens whose adjacent pairs are merged, the pair of lowest rank
// first and, among equal ranks, the leftmost first. Decode(Encode(s)) equals s
// for every s whose bytes all have a token. Some vocabularies lack bytes that
// were never seen in training (SmolLM2 lacks 21: 04 06 13 14 16 1D, and C0 C1 F1
// F2 F5..FF, of which only F1 and F2 occur in valid UTF-8, in code points that
// are not assigned). Such bytes are dropped, as the reference library drops them.
//
// WordPiece normalises what lies between (package internal/bert) and spells each
// word, from left to right, with the longest tokens that fit: the first as it is
// listed, the others listed with ## before them. A word that cannot be spelled so
// becomes the unknown token. Case, accents and white space are lost.
//
// A tokenizer is read from tokenizer.json (ParseJSON), built from the lists of
// other files (FromVocab, FromWordPieces), or loaded from the compact form that is
// shipped to browsers (Parse). TruncateMerges and DropTokens make a tokenizer.json
// with fewer tokens.
package tokenizer
