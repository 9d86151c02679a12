package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// found returns what a pattern's group matches in files of the component.
func found(t *testing.T, pattern string, files ...string) []string {
	t.Helper()
	var list []string
	for _, file := range files {
		source, err := os.ReadFile(filepath.Join("..", "component", file))
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(source), -1) {
			list = append(list, match[1])
		}
	}
	if len(list) == 0 {
		t.Fatalf("nothing in %q is as %s: this test looks for what is written in another way by now", files, pattern)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// parts that the component's code puts together, by how it writes them.
var computedParts = map[string][]string{
	"`option ${kind}`":      {"option", "main", "pictured", "further"},
	"`rank-${kind}`":        {"rank-keyword", "rank-meaning"},
	"name, dir: \"auto\" }": {"title", "heading", "snippet"},
}

// Everything that a page can set, read, style or listen to is in the README, and
// nothing that does not exist.
func TestReadmeHasAllOfTheElement(t *testing.T) {
	text := string(readme)
	quoted := make(map[string]bool)
	for _, match := range regexp.MustCompile("`([^`\n]+)`").FindAllStringSubmatch(text, -1) {
		quoted[match[1]] = true
	}
	sources, err := filepath.Glob("../component/*.ts")
	if err != nil {
		t.Fatal(err)
	}
	for i := range sources {
		sources[i] = filepath.Base(sources[i])
	}
	attributes := regexp.MustCompile(`"([a-z-]+)"`).FindAllStringSubmatch(found(t, `export const names = \[(.*)\]`, "settings.ts")[0], -1)
	wanted := map[string][]string{
		"property":        found(t, `(?m)^  get (\w+)\(\)`, "element.ts"),
		"event":           found(t, `"(effir-[a-z]+)": CustomEvent`, "events.ts"),
		"custom property": found(t, `var\((--effir-[a-z-]+)`, "style.ts"),
		"slot":            found(t, `make\("slot", \{ name: "(\w+)"`, sources...),
	}
	for _, attribute := range attributes {
		wanted["attribute"] = append(wanted["attribute"], attribute[1])
	}
	for _, method := range found(t, `(?m)^  ([a-z]\w*)\(\): void`, "element.ts") {
		if !strings.HasSuffix(method, "Callback") {
			wanted["method"] = append(wanted["method"], method+"()")
		}
	}
	for _, part := range found(t, "\\bpart: (\"[^\"]*\"|`[^`]*`|[^,]*, dir: \"auto\" })", sources...) {
		switch {
		case strings.HasPrefix(part, `"`):
			wanted["part"] = append(wanted["part"], strings.Fields(strings.Trim(part, `"`))...)
		case computedParts[part] != nil:
			wanted["part"] = append(wanted["part"], computedParts[part]...)
		default:
			t.Errorf("which parts are %s? tell computedParts", part)
		}
	}
	known := make(map[string]bool)
	for kind, names := range wanted {
		for _, name := range names {
			if known[name] = true; !quoted[name] {
				t.Errorf("the %s %s is not in README.md", kind, name)
			}
		}
	}
	for name := range quoted {
		if strings.HasPrefix(name, "--effir-") && !known[name] {
			t.Errorf("README.md has the custom property %s, the component has not", name)
		}
	}
	_, parts, _ := strings.Cut(text, "| part | |")
	parts, _, _ = strings.Cut(parts, "\n\n")
	for row := range strings.Lines(parts) {
		cells := strings.Split(row, "|")
		if len(cells) < 3 {
			continue
		}
		for _, match := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[1], -1) {
			if !slices.Contains(wanted["part"], match[1]) {
				t.Errorf("README.md has the part %s, the component has not", match[1])
			}
		}
	}
}
