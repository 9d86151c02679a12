// Package corpus reads what is to be searched: the documentation of the Go
// standard library and the folders of the BEIR benchmark. It also writes the
// search bundle that package index reads.
package corpus
