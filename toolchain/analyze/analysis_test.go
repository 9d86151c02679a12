package analyze

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func example() *Analysis {
	return &Analysis{
		Model: "<tiny>", ModelType: "bert", Layers: 3, Text: "a text", Sequences: 4, Tokens: 12345,
		Importance: map[Unit][]Score{
			MLP:       {{2, 0.01}, {0, 0.5}},
			Attention: {{1, 0.02}, {2, 0.03}, {0, 0.04}},
			Block:     {{1, 0}, {2, 0.1}, {0, 0.6}},
		},
		Effect: &Effect{Data: "set", Queries: 7, Documents: 1234, MaxTokens: 128, Curves: []Curve{
			{Unit: MLP, Points: []Point{{0, 0.9}, {2, 0.125}}},
			{Unit: MLP, Recovered: true, Points: []Point{{2, 0.875}}},
		}},
	}
}

func TestReadWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "analysis.json")
	a := example()
	if err := a.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil || !reflect.DeepEqual(got, a) {
		t.Errorf("read %+v (%v), want %+v", got, err, a)
	}
	if order := got.Order(MLP); !slices.Equal(order, []int{2, 0}) {
		t.Errorf("order is %v", order)
	}
	if order := new(Analysis).Order(MLP); order == nil || len(order) != 0 {
		t.Errorf("the order of nothing is %#v, want an empty list", order)
	}
	for want, text := range map[string]string{
		"not the JSON":       `[]`,
		"names layer 3 of 3": `{"layers":3,"importance":{"mlp":[{"layer":3,"importance":1}]}}`,
		"entry 1":            `{"layers":3,"importance":{"block":[{"layer":1,"importance":1},{"layer":1,"importance":1}]}}`,
		"want 0 to 2":        `{"layers":3,"importance":{"attention":[{"layer":0,"importance":7}]}}`,
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v does not say %q and the file", text, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"layers":2,"importance":{"mlp":[{"layer":1,"importance":0.5}]},"effect":{"curves":[{"unit":"mlp","points":[{"dropped":1,"ndcg10":1}]}]}}`))
	f.Add([]byte(`{"layers":-1,"importance":{"mlp":null}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "analysis.json")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		a, err := Read(path)
		if err != nil {
			return
		}
		for _, unit := range Units {
			for _, layer := range a.Order(unit) {
				if layer < 0 || layer >= a.Layers {
					t.Errorf("layer %d of %d", layer, a.Layers)
				}
			}
		}
		_ = a.Page().Render(new(bytes.Buffer)) // must not panic
	})
}

func TestPage(t *testing.T) {
	var out bytes.Buffer
	if err := example().Page().Render(&out); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	for _, want := range []string{
		"&lt;tiny&gt;", "12,345 tokens of a text", `title="MLP, 2: 0.01"`, `title="attention, 0: 0.04"`,
		"<tr><td>1</td><td>1</td><td>0.0200</td><td>2</td><td>0.0100</td><td>1</td><td>0.0000</td></tr>",
		"<tr><td>3</td><td>0</td><td>0.0400</td><td></td><td></td><td>0</td><td>0.6000</td></tr>",
		"Quality on set (7 queries, 1,234 documents, texts cut to 128 tokens)", "MLP, recovered",
		"<tr><td>0</td><td>0.900</td><td></td></tr>", "<tr><td>2</td><td>0.125</td><td>0.875</td></tr>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(page, `title="block, 1:`) {
		t.Error("a block without effect has a colour on a logarithmic scale")
	}
}
