package site

import (
	"strings"

	"golang.org/x/net/html"

	"github.com/effir/effir/wasm/site"
)

// headFacts is what the head of a document says about it.
type headFacts struct {
	title, image, language string
	meta, sorts            []site.Field
}

// readHead reads <title> and the <meta> elements that search engines and social
// networks use.
func readHead(document *html.Node) headFacts {
	var facts headFacts
	values := make(map[string]string) // the first of each name
	walk(document, func(n *html.Node) bool {
		switch {
		case n.Type != html.ElementNode:
		case n.Data == "title" && facts.title == "":
			facts.title = collapse(rawText(n))
		case n.Data == "svg": // has titles of its own
			return false
		case n.Data == "meta":
			name := strings.ToLower(firstOf(attribute(n, "name"), attribute(n, "property"), attribute(n, "http-equiv")))
			if values[name] == "" {
				values[name] = collapse(attribute(n, "content"))
			}
		}
		return true
	})
	facts.title = firstOf(facts.title, values["og:title"])
	facts.image = firstOf(values["og:image"], values["twitter:image"])
	facts.language = values["content-language"]
	for _, f := range []site.Field{
		{Key: "description", Value: firstOf(values["description"], values["og:description"])},
		{Key: "author", Value: firstOf(values["author"], values["article:author"])},
		{Key: "date", Value: values["article:published_time"]},
	} {
		if f.Value = clip(f.Value, maxFieldBytes); f.Value == "" {
			continue
		}
		facts.meta = append(facts.meta, f)
		if f.Key == "date" {
			facts.sorts = append(facts.sorts, f)
		}
	}
	return facts
}
