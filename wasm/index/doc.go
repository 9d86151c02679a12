// Package index holds what a search bundle is made of: a keyword index ranked
// by BM25, a store of passages, int8 vectors, and the manifest that names them.
//
// Every binary form is read in place (no copy of the bytes is made) and is
// checked completely when it is parsed, so that a search on parsed data has
// nothing left to check. The bytes must not change afterwards. Parsed values
// are safe for concurrent use.
//
// All orders are total (higher score first, then the lower document number)
// and all floating-point sums have a fixed order without fused multiply-adds:
// the same bundle and query give the same bits on every machine.
package index
