package corpus

import (
	"go/ast"
	"go/printer"
	"go/token"
	"strings"
)

// maxInterfaceWords is the length up to which an interface is shown with its
// methods.
const maxInterfaceWords = 16

func funcSignature(fset *token.FileSet, decl *ast.FuncDecl) string {
	bare := *decl
	bare.Doc, bare.Body = nil, nil
	return oneLine(fset, &bare)
}

// typeSignature shows a type in one line, structs and long interfaces without
// their content.
func typeSignature(fset *token.FileSet, spec *ast.TypeSpec) string {
	bare := *spec
	bare.Doc, bare.Comment = nil, nil
	switch definition := spec.Type.(type) {
	case *ast.StructType:
		bare.Type = ast.NewIdent("struct")
	case *ast.InterfaceType:
		full := "type " + oneLine(fset, &bare)
		if definition.Incomplete || strings.Contains(full, "//") || countWords(full) > maxInterfaceWords {
			bare.Type = ast.NewIdent("interface")
		}
	}
	return "type " + oneLine(fset, &bare)
}

// valueLines returns a line "Name = value // comment" for every exported spec
// of a const or var declaration, and whether any has a comment.
func valueLines(fset *token.FileSet, decl *ast.GenDecl) (lines []string, documented bool) {
	for _, spec := range decl.Specs {
		spec, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		remark := oneSpace(spec.Doc.Text() + " " + spec.Comment.Text())
		bare := *spec
		bare.Doc, bare.Comment = nil, nil
		line := oneLine(fset, &bare)
		if len(line) > 120 { // a table: the names say more than the values
			names := make([]string, len(spec.Names))
			for i, name := range spec.Names {
				names[i] = name.Name
			}
			line = strings.Join(names, ", ")
		}
		if remark != "" {
			documented = true
			line += " // " + remark
		}
		lines = append(lines, line)
	}
	return lines, documented
}

func exportedNames(names []string, all bool) []string {
	var exported []string
	for _, name := range names {
		if name != "_" && (all || ast.IsExported(name)) {
			exported = append(exported, name)
		}
	}
	return exported
}

// oneLine prints a syntax node without line breaks.
func oneLine(fset *token.FileSet, node any) string {
	var out strings.Builder
	// Printing a parsed node to memory cannot fail.
	_ = (&printer.Config{Mode: printer.RawFormat}).Fprint(&out, fset, node)
	return oneSpace(out.String())
}

func oneSpace(text string) string { return strings.Join(strings.Fields(text), " ") }
