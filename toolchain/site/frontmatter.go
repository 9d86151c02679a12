package site

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"go.yaml.in/yaml/v3"

	"github.com/effir/effir/wasm/site"
)

// frontMatter is what stands above a Markdown text.
type frontMatter struct {
	title, url, language, image string
	hidden                      string // why the page is to be left out, "" if it is not
	meta, filters, sorts        []site.Field
}

// maxFrontMatter in bytes: more is no front matter.
const maxFrontMatter = 1 << 20

// splitFrontMatter reads YAML between lines of --- or TOML between lines of +++
// at the start of a text. body is what follows, also after an error.
func splitFrontMatter(text string) (front frontMatter, body string, err error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	for _, kind := range []struct {
		mark   string
		decode func(text []byte, values any) error
	}{{"---", yaml.Unmarshal}, {"+++", toml.Unmarshal}} {
		rest, found := strings.CutPrefix(text, kind.mark+"\n")
		if !found {
			continue
		}
		raw, body, found := strings.Cut("\n"+rest, "\n"+kind.mark+"\n")
		if !found {
			if raw, found = strings.CutSuffix("\n"+rest, "\n"+kind.mark); !found {
				return front, text, nil // a rule between paragraphs
			}
			body = ""
		}
		if len(raw) > maxFrontMatter {
			return front, body, errors.New("has front matter of over 1 MiB")
		}
		values := make(map[string]any)
		if err := kind.decode([]byte(raw), &values); err != nil {
			return front, body, fmt.Errorf("has front matter that cannot be read (%s)", strings.ReplaceAll(err.Error(), "\n", " "))
		}
		front.read(values)
		return front, body, nil
	}
	return front, text, nil
}

// read takes the keys that the common generators agree on.
func (f *frontMatter) read(values map[string]any) {
	text := func(keys ...string) string {
		for _, key := range keys {
			if list := texts(values[key]); len(list) > 0 {
				return clip(strings.Join(list, ", "), maxFieldBytes)
			}
		}
		return ""
	}
	f.title = text("title")
	f.language = text("lang", "language")
	f.image = text("image", "cover", "thumbnail")
	if url := text("url", "permalink"); strings.HasPrefix(url, "/") || strings.Contains(url, "://") {
		f.url = url
	}
	switch {
	case values["draft"] == true:
		f.hidden = "is a draft"
	case values["published"] == false:
		f.hidden = "is not published"
	case values["search"] == false || strings.Contains(strings.ToLower(text("robots")), "noindex"):
		f.hidden = "asks not to be indexed"
	}
	for _, field := range []site.Field{
		{Key: "description", Value: text("description", "summary")},
		{Key: "author", Value: text("author", "authors")},
		{Key: "date", Value: text("date")},
	} {
		if field.Value == "" {
			continue
		}
		f.meta = append(f.meta, field)
		if field.Key == "date" {
			f.sorts = append(f.sorts, field)
		}
	}
	for _, list := range []struct{ filter, one, many string }{{"tag", "tag", "tags"}, {"category", "category", "categories"}} {
		for _, value := range append(texts(values[list.one]), texts(values[list.many])...) {
			f.filters = append(f.filters, site.Field{Key: list.filter, Value: clip(value, maxFieldBytes)})
		}
	}
}

// texts returns a value, or each of a list, as text. Other structures have none.
func texts(value any) []string {
	switch v := value.(type) {
	case nil, map[string]any:
		return nil
	case []any:
		var all []string
		for _, element := range v {
			all = append(all, texts(element)...)
		}
		return all
	case time.Time:
		if v.Equal(v.Truncate(24 * time.Hour)) {
			return []string{v.Format(time.DateOnly)}
		}
		return []string{v.Format(time.RFC3339)}
	case string:
		if v = collapse(v); v != "" {
			return []string{v}
		}
		return nil
	case float64:
		return []string{strconv.FormatFloat(v, 'f', -1, 64)}
	default:
		return []string{fmt.Sprint(v)}
	}
}
