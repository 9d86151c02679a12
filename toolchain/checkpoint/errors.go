package checkpoint

import "strings"

// InputError says what is wrong with a file that came from outside and what to do about it.
// Every error about the content of a model file in this package and in package importer is one.
type InputError struct {
	File    string // file or source at fault
	Field   string // field, tensor or section of the file; empty if the whole file is meant
	Problem string // what is wrong, with the values found
	Remedy  string // what the user can do
	Err     error  // underlying error, if any
}

// Error renders as "file: field: problem; remedy".
func (e *InputError) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Field != "" {
		b.WriteString(": " + e.Field)
	}
	b.WriteString(": " + e.Problem)
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	b.WriteString("; " + e.Remedy)
	return b.String()
}

// Unwrap gives the underlying error.
func (e *InputError) Unwrap() error { return e.Err }
