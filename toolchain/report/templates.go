package report

import (
	_ "embed"
	"html/template"
)

//go:embed page.html
var pageHTML string

var templates = template.Must(template.New("").Parse(pageHTML))
