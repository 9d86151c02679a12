package report

import (
	"bytes"
	"html"
	"regexp"
)

// gridColor stands for the colour of grid lines until themed names it by a variable.
var gridColor = rgb(0xfe, 0xfe, 0xfd)

// style is what a chart needs where no page surrounds it.
const style = `<style>.chart{color:#1f2328;fill:currentColor;--grid:#d8dde3;font-family:Arial,"Liberation Sans",Helvetica,sans-serif;height:auto;max-width:100%}` +
	`@media(prefers-color-scheme:dark){.chart{color:#dce2e8;--grid:#39414a}}</style>`

var (
	root       = regexp.MustCompile(`(?s)^.*?<svg width="[^"]*" height="[^"]*" viewBox="([^"]*)"[^>]*>`)
	fontFamily = regexp.MustCompile(`font-family:[^;]*;font-variant:normal;font-weight:normal;font-style:normal;`)
)

// themed rewrites gonum's SVG: what is black takes the colour of the text around, fonts are the
// reader's, and the size is left to the page.
func themed(svg []byte, title string) []byte {
	svg = fontFamily.ReplaceAll(svg, nil)
	svg = bytes.ReplaceAll(svg, []byte("stroke:#000000"), []byte("stroke:currentColor"))
	svg = bytes.ReplaceAll(svg, []byte("fill:#000000"), []byte("fill:currentColor"))
	svg = bytes.ReplaceAll(svg, []byte("#FEFEFD"), []byte("var(--grid)"))
	head := `<svg class="chart" xmlns="http://www.w3.org/2000/svg" role="img" viewBox="$1">` + style
	if title != "" {
		head += "<title>" + escapeDollar(html.EscapeString(title)) + "</title>"
	}
	return root.ReplaceAll(svg, []byte(head))
}

// escapeDollar keeps a text from being read as a reference to a group.
func escapeDollar(s string) string {
	return string(bytes.ReplaceAll([]byte(s), []byte("$"), []byte("$$")))
}
