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

func funcSignature(decl *ast.FuncDecl) string {
	bare := *decl
	bare.Doc, bare.Body = nil, nil
	return oneLine(&bare)
}

// typeSignature shows a type in one line, structs and long interfaces without
// their content.
func typeSignature(spec *ast.TypeSpec) string {
	bare := *spec
	bare.Doc, bare.Comment = nil, nil
	switch definition := spec.Type.(type) {
	case *ast.StructType:
		bare.Type = ast.NewIdent("struct")
	case *ast.InterfaceType:
		bare.Type = withoutComments(definition)
		if definition.Incomplete || countWords(oneLine(&bare)) > maxInterfaceWords {
			bare.Type = ast.NewIdent("interface")
		}
	}
	return "type " + oneLine(&bare)
}

func withoutComments(definition *ast.InterfaceType) *ast.InterfaceType {
	methods := *definition.Methods
	methods.List = nil
	for _, method := range definition.Methods.List {
		bare := *method
		bare.Doc, bare.Comment = nil, nil
		methods.List = append(methods.List, &bare)
	}
	return &ast.InterfaceType{Interface: definition.Interface, Methods: &methods}
}

// valueLines returns a line "Name = value // comment" for every exported spec
// of a const or var declaration, and whether any has a comment.
func valueLines(decl *ast.GenDecl) (lines []string, documented bool) {
	for _, spec := range decl.Specs {
		spec, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		remark := oneSpace(spec.Doc.Text() + " " + spec.Comment.Text())
		bare := *spec
		bare.Doc, bare.Comment = nil, nil
		line := oneLine(&bare)
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

// oneLine prints a syntax node in one line. In an empty FileSet no node has a
// line of its own; what still is broken (methods, statements) gets semicolons.
func oneLine(node any) string {
	var printed strings.Builder
	// Printing a parsed node to memory cannot fail.
	_ = (&printer.Config{Mode: printer.RawFormat}).Fprint(&printed, token.NewFileSet(), node)
	var out strings.Builder
	for line := range strings.Lines(printed.String()) {
		if line = oneSpace(line); line == "" {
			continue
		}
		switch before := out.String(); {
		case before == "":
		case strings.HasSuffix(before, "{"), strings.HasPrefix(line, "}"):
			out.WriteByte(' ')
		default:
			out.WriteString("; ")
		}
		out.WriteString(line)
	}
	return out.String()
}

func oneSpace(text string) string { return strings.Join(strings.Fields(text), " ") }
