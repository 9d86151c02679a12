// Package site reads what a site's search is made of: built HTML, folders of
// Markdown or plain text, JSON lines, the Go documentation. It finds the content
// of each page, divides it at headings into passages short enough to be embedded
// as a whole, and embeds them, remembering vectors by content.
//
// Nothing in a page stops the others: what cannot be read is named in the Report.
package site
