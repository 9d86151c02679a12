// Package tokenizer is byte-level byte-pair encoding: text to token ids and
// back, with the pre-tokenizers of SmolLM2, GPT-2, Llama 3 and Qwen 2.
//
// The measure of correctness is the Hugging Face "tokenizers" library: for
// valid UTF-8 the ids are the same as those of its encode without a template
// (no beginning or end tokens are added). For invalid UTF-8, which that library
// does not accept, every stray byte counts as a punctuation mark and is encoded
// as its byte token.
//
// Encoding goes in three steps: added tokens (such as <|im_start|>) are cut out
// of the text, leftmost first and longest first; what lies between is split
// into words by the pre-tokenizer; each word becomes a list of byte tokens whose
// adjacent pairs are merged, the pair of lowest rank first and, among equal
// ranks, the leftmost first.
//
// Decode(Encode(s)) equals s for every s whose bytes all have a token. Some
// vocabularies lack bytes that were never seen in training (SmolLM2 lacks 21:
// 04 06 13 14 16 1D, and C0 C1 F1 F2 F5..FF, of which only F1 and F2 occur in
// valid UTF-8, in code points that are not assigned). Such bytes are dropped,
// as the reference library drops them.
//
// A tokenizer is read from tokenizer.json (ParseJSON), built from the lists of a
// GGUF file (FromVocab), or loaded from the compact form that is shipped to
// browsers (Parse).
package tokenizer
