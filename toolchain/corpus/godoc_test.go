package corpus

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// writeTree makes a folder of files under a new temporary root.
func writeTree(t *testing.T, files map[string]string) (root string) {
	t.Helper()
	root = t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

const shapeSource = `// Package shape draws.
//
// It has one paragraph more.
//
// # Colours and lines
//
// Colours are names.
package shape

// Red and others are colours.
const (
	Red  = "red" // as blood
	Blue = "blue"
	grey = "grey"
)

var Undocumented = 1

// Circle is round.
type Circle struct {
	// Radius is the distance from the centre of the circle to every one of its points.
	Radius int
	// X is short.
	X int
	// hidden is not exported, so nobody outside of this package can ever see it at all.
	hidden int
}

// Shape is all.
type Shape interface {
	// Area returns how much paint is needed to cover the shape with one thin coat.
	Area() float64
	Perimeter() float64
}

// NewCircle returns a circle.
func NewCircle(
	radius int,
) *Circle {
	return &Circle{Radius: radius}
}

// Grow makes the circle larger by as many units as delta says, or smaller if it is negative.
func (c *Circle) Grow(delta int) { c.Radius += delta }

// Short says little.
func (c *Circle) Short() {}

func Silent() {}

// Old was good once.
//
// Deprecated: use NewCircle.
func Old() {}

// Map applies f.
func Map[T any](list []T, f func(T) T) []T { return list }
`

func TestGoDocRules(t *testing.T) {
	root := writeTree(t, map[string]string{
		"src/draw/shape/shape.go":         shapeSource,
		"src/draw/shape/shape_test.go":    "package shape\n// Tested is in a test.\nfunc Tested() {}\n",
		"src/draw/shape/shape_windows.go": "package shape\n// Window is for another system.\nfunc Window() {}\n",
		"src/draw/internal/x/x.go":        "// Package x is internal.\npackage x\n",
		"src/vendor/v/v.go":               "// Package v is vendored.\npackage v\n",
		"src/cmd/c/c.go":                  "// C is a command.\npackage main\n",
		"src/draw/tool/main.go":           "// Tool is a command, too.\npackage main\n",
		"src/testdata/t/t.go":             "// Package t is broken.\npackage",
		"src/debug/elf/elf.go":            "// Package elf reads.\npackage elf\n\n// R is a table.\nconst R = 1\n",
		"src/builtin/builtin.go":          "// Package builtin documents.\npackage builtin\n\n// The close function closes.\nfunc close(c chan int)\n",
	})
	linked := t.TempDir()
	if err := os.Symlink(filepath.Join(root, "src"), filepath.Join(linked, "src")); err != nil {
		t.Fatal(err)
	}
	passages, err := GoDoc(context.Background(), linked, GoDocOptions{})
	if err != nil {
		t.Fatal(err)
	}
	type short struct{ id, title, text string }
	var got []short
	for _, p := range passages {
		got = append(got, short{p.ID, p.Title, p.Text})
		if want := "https://pkg.go.dev/" + p.ID; p.URL != want || p.Section != strings.Split(p.ID, "#")[0] {
			t.Errorf("%s: URL %s, section %s", p.ID, p.URL, p.Section)
		}
	}
	want := []short{
		{"builtin", "builtin", "Package builtin documents."},
		{"builtin#close", "builtin.close", "func close(c chan int)\nThe close function closes."},
		{"debug/elf", "debug/elf", "Package elf reads."},
		{"draw/shape", "draw/shape", "Package shape draws.\nIt has one paragraph more."},
		{"draw/shape#hdr-Colours_and_lines", "draw/shape: Colours and lines", "Colours are names."},
		{"draw/shape#Red", "shape.Red, Blue", "Red and others are colours.\nRed = \"red\" // as blood\nBlue = \"blue\""},
		{"draw/shape#Map", "shape.Map", "func Map[T any](list []T, f func(T) T) []T\nMap applies f."},
		{"draw/shape#Circle", "shape.Circle", "type Circle struct\nCircle is round."},
		{"draw/shape#Circle.Radius", "shape.Circle.Radius", "Radius int\nRadius is the distance from the centre of the circle to every one of its points."},
		{"draw/shape#NewCircle", "shape.NewCircle", "func NewCircle(radius int) *Circle\nNewCircle returns a circle."},
		{"draw/shape#Circle.Grow", "shape.Circle.Grow", "func (c *Circle) Grow(delta int)\nGrow makes the circle larger by as many units as delta says, or smaller if it is negative."},
		{"draw/shape#Shape", "shape.Shape", "type Shape interface { Area() float64; Perimeter() float64 }\nShape is all."},
		{"draw/shape#Shape.Area", "shape.Shape.Area", "func Area() float64\nArea returns how much paint is needed to cover the shape with one thin coat."},
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("passage %d differs:\ngot  %q\nwant %q", i, got[min(i, len(got)):], want[min(i, len(want)):])
		}
	}
}

func TestGoDocOfThisGo(t *testing.T) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	root := strings.TrimSpace(string(out))
	start := time.Now()
	passages, err := GoDoc(context.Background(), root, GoDocOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("reading took %v", took)
	}
	if n := len(passages); n < 3000 || n > 6000 {
		t.Errorf("%d passages", n)
	}
	byID := make(map[string]Passage)
	for _, p := range passages {
		if _, twice := byID[p.ID]; twice {
			t.Errorf("id %s occurs twice", p.ID)
		}
		byID[p.ID] = p
		if p.Title == "" || strings.TrimSpace(p.Text) == "" || !utf8.ValidString(p.Text) || countWords(p.Text) > maxValueWords {
			t.Errorf("%s: title %q, %d words", p.ID, p.Title, countWords(p.Text))
		}
		if strings.Contains(p.Section, "internal") || strings.HasPrefix(p.Section, "cmd/") || strings.HasPrefix(p.Section, "vendor/") {
			t.Errorf("%s is not public", p.ID)
		}
	}
	for id, want := range map[string]string{
		"context#WithCancel":        "func WithCancel(parent Context) (ctx Context, cancel CancelFunc)\n",
		"net/http#Client.Do":        "func (c *Client) Do(req *Request) (*Response, error)\n",
		"net/http#Client.Timeout":   "Timeout time.Duration\n",
		"net/http#StatusContinue":   "StatusTeapot = 418",
		"builtin#append":            "func append(slice []Type, elems ...Type) []Type\n",
		"net/http#hdr-Servers":      "ListenAndServe",
		"syscall":                   "primitives",
		"io#Reader":                 "type Reader interface { Read(p []byte) (n int, err error) }\n",
		"slices#SortFunc":           "func SortFunc[S ~[]E, E any]",
		"text/template#hdr-Actions": "pipeline",
	} {
		if p, ok := byID[id]; !ok || !strings.Contains(p.Text, want) {
			t.Errorf("%s: %q does not contain %q", id, p.Text, want)
		}
	}
	again, err := GoDoc(context.Background(), root, GoDocOptions{})
	if err != nil || !slices.Equal(again, passages) {
		t.Errorf("a second reading differs (%v)", err)
	}
}

func TestGoDocErrors(t *testing.T) {
	undocumented := writeTree(t, map[string]string{"src/p/p.go": "package p\n\nfunc F() {}\n"})
	if _, err := GoDoc(context.Background(), undocumented, GoDocOptions{}); err == nil || !strings.Contains(err.Error(), "holds no documented packages") {
		t.Errorf("no passages: error %v", err)
	}
	if _, err := GoDoc(context.Background(), t.TempDir(), GoDocOptions{}); err == nil || !strings.Contains(err.Error(), "GOROOT") {
		t.Errorf("no sources: error %v does not name the remedy", err)
	}
	broken := writeTree(t, map[string]string{"src/p/p.go": "package p\nfunc {"})
	if _, err := GoDoc(context.Background(), broken, GoDocOptions{}); err == nil || !strings.Contains(err.Error(), "p.go:2") {
		t.Errorf("broken source: error %v does not name file and line", err)
	}
	if _, err := GoDoc(context.Background(), broken, GoDocOptions{MaxWords: -1}); err == nil {
		t.Error("MaxWords -1 was accepted")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := GoDoc(ctx, broken, GoDocOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
}
