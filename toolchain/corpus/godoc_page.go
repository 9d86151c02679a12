package corpus

import (
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"strconv"
	"strings"
)

// page collects the passages of one package.
type page struct {
	doc      *doc.Package
	maxWords int
	passages []Passage
	anchors  map[string]int // passages by anchor
}

// addOverview adds the package comment, a new passage at every heading.
func (p *page) addOverview() {
	title, anchor := p.doc.ImportPath, ""
	var blocks []string
	flush := func() {
		p.add(anchor, title, "", blocks)
		blocks = nil
	}
	for _, block := range p.doc.Parser().Parse(p.doc.Doc).Content {
		heading, ok := block.(*comment.Heading)
		if !ok {
			blocks = append(blocks, p.plain(block))
			continue
		}
		flush()
		anchor = heading.DefaultID()
		title = p.doc.ImportPath + ": " + strings.TrimSpace(strings.TrimPrefix(p.plain(heading), "# "))
	}
	flush()
}

// addSymbols adds everything that the package declares.
func (p *page) addSymbols() {
	p.addValues(p.doc.Consts)
	p.addValues(p.doc.Vars)
	p.addFuncs("", p.doc.Funcs)
	for _, t := range p.doc.Types {
		p.addType(t)
		p.addValues(t.Consts)
		p.addValues(t.Vars)
		p.addFuncs("", t.Funcs)
		p.addFuncs(t.Name+".", t.Methods)
	}
}

func (p *page) addFuncs(receiver string, funcs []*doc.Func) {
	for _, f := range funcs {
		if f.Level == 0 { // not promoted from an embedded field
			p.addSymbol(receiver+f.Name, funcSignature(f.Decl), f.Doc)
		}
	}
}

func (p *page) addType(t *doc.Type) {
	for _, spec := range t.Decl.Specs {
		spec, ok := spec.(*ast.TypeSpec)
		if !ok || spec.Name.Name != t.Name {
			continue
		}
		p.addSymbol(t.Name, typeSignature(spec), t.Doc)
		switch definition := spec.Type.(type) {
		case *ast.StructType:
			p.addFields(t.Name, "", definition.Fields)
		case *ast.InterfaceType:
			p.addFields(t.Name, "func ", definition.Methods)
		}
	}
}

// addFields adds the documented fields of a struct or methods of an interface.
func (p *page) addFields(typeName, keyword string, fields *ast.FieldList) {
	for _, field := range fields.List {
		for _, name := range field.Names {
			if name.IsExported() {
				signature := oneLine(field.Type)
				if keyword != "" {
					signature = strings.TrimPrefix(signature, "func")
				} else {
					signature = " " + signature
				}
				p.addSymbol(typeName+"."+name.Name, keyword+name.Name+signature, field.Doc.Text()+field.Comment.Text())
			}
		}
	}
}

// maxValueWords bounds a group of constants: long enough for all HTTP statuses.
const maxValueWords = 400

// addValues adds groups of constants or variables. A group is one passage:
// its comment, then a line for each name with its value and comment.
func (p *page) addValues(groups []*doc.Value) {
	for _, group := range groups {
		names := exportedNames(group.Names, p.doc.ImportPath == "builtin")
		lines, documented := valueLines(group.Decl)
		if len(names) == 0 || strings.TrimSpace(group.Doc) == "" && !documented {
			continue
		}
		title := p.doc.Name + "." + strings.Join(names[:min(3, len(names))], ", ")
		if len(names) > 3 {
			title += ", …"
		}
		text := strings.Join(append(p.blocks(group.Doc), lines...), "\n")
		p.addPassage(names[0], title, firstWords(text, maxValueWords))
	}
}

// minMemberWords is the length from which the comment of a method or field
// says more than its name.
const minMemberWords = 12

// addSymbol adds a symbol that has a comment worth finding.
func (p *page) addSymbol(name, signature, docText string) {
	member := strings.Contains(name, ".")
	if member && countWords(docText) < minMemberWords || isDeprecated(docText) {
		return
	}
	p.add(name, p.doc.Name+"."+name, signature, p.blocks(docText))
}

// isDeprecated says that a paragraph starts with "Deprecated: ", the mark of
// symbols that are not to be used any more.
func isDeprecated(docText string) bool {
	return strings.HasPrefix(docText, "Deprecated: ") || strings.Contains(docText, "\n\nDeprecated: ")
}

// maxPieces cuts off the rest of tables that are written as comments, such as
// the list of all metrics in runtime/metrics.
const maxPieces = 10

// add splits blocks into passages; signature precedes the first.
func (p *page) add(anchor, title, signature string, blocks []string) {
	pieces := split(blocks, p.maxWords)
	for i, piece := range pieces[:min(len(pieces), maxPieces)] {
		if i == 0 && signature != "" {
			piece = signature + "\n" + piece
		}
		p.addPassage(anchor, title, piece)
	}
}

// addPassage adds one passage. The second and later ones of an anchor have
// their number in their id.
func (p *page) addPassage(anchor, title, text string) {
	target := p.doc.ImportPath
	if anchor != "" {
		target += "#" + anchor
	}
	id := target
	if p.anchors[anchor]++; p.anchors[anchor] > 1 {
		id += "~" + strconv.Itoa(p.anchors[anchor])
	}
	p.passages = append(p.passages, Passage{
		ID: id, Title: title, Text: text, URL: "https://pkg.go.dev/" + target, Section: p.doc.ImportPath,
	})
}

// blocks returns the paragraphs, lists and code of a comment as plain text.
func (p *page) blocks(docText string) []string {
	var blocks []string
	for _, block := range p.doc.Parser().Parse(docText).Content {
		blocks = append(blocks, p.plain(block))
	}
	return blocks
}

func (p *page) plain(block comment.Block) string {
	printer := p.doc.Printer()
	printer.TextWidth = -1 // no line breaks inside paragraphs
	return strings.TrimRight(string(printer.Text(&comment.Doc{Content: []comment.Block{block}})), "\n")
}
