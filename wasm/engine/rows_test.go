package engine_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/engine"
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/kernel/native"
	"github.com/effir/effir/wasm/model/modeldir"
)

// An engine whose token table holds only the rows that Reads names, and noise in
// the others, embeds with the bits of the whole table.
func TestRowsThatATextReadsAreEnough(t *testing.T) {
	for name, write := range map[string]func(testing.TB) string{"llama": tinymodel.Write, "slim llama": tinymodel.WriteSlim, "bert": tinymodel.WriteBert} {
		t.Run(name, func(t *testing.T) {
			dir := write(t)
			for _, kind := range []encoder.Kind{encoder.Query, encoder.Passage} {
				for _, text := range []string{"a", "how do I cancel a request", "ünïcödé 🙂 \x00", strings.Repeat("read the file ", 60), "zz", " "} {
					whole, image, _ := open(t, dir)
					reads, err := whole.Reads(text, kind)
					if err != nil {
						t.Fatal(err)
					}
					checkRanges(t, reads, image)
					want, tokens, err := whole.Embed(text, kind)
					if reads.Tokens != tokens {
						t.Errorf("%q: %d tokens, embedding read %d", text, reads.Tokens, tokens)
					}
					if err != nil {
						continue
					}
					part, _, overwrite := open(t, dir)
					noise := slices.Repeat([]byte{0x5a}, reads.Table.Bytes)
					overwrite(reads.Table.Offset, noise)
					for _, r := range reads.Rows {
						overwrite(r.Offset, image[r.Offset:r.Offset+r.Bytes])
					}
					got, _, err := part.Embed(text, kind)
					if err != nil || !slices.Equal(got, want) {
						t.Errorf("%q: the rows alone give another vector: %v", text, err)
					}
				}
			}
		})
	}
}

func TestReadsOfNothing(t *testing.T) {
	e, _, _ := open(t, tinymodel.Write(t))
	reads, err := e.Reads("", encoder.Query)
	if err != nil || reads.Tokens != 0 || len(reads.Rows) != 0 || reads.Table.Bytes == 0 {
		t.Errorf("%+v, %v", reads, err)
	}
	k, err := native.Open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := engine.New(k).Reads("text", encoder.Query); !errors.Is(err, engine.ErrNoModel) {
		t.Errorf("without a model: %v", err)
	}
}

func checkRanges(t *testing.T, reads engine.Reads, image []byte) {
	t.Helper()
	end := reads.Table.Offset
	for i, r := range reads.Rows {
		if r.Bytes < 1 || r.Offset < end || i > 0 && r.Offset == end {
			t.Errorf("ranges %v are not ascending and apart", reads.Rows)
		}
		end = r.Offset + r.Bytes
	}
	if table := reads.Table; end > table.Offset+table.Bytes || table.Offset+table.Bytes > len(image) {
		t.Errorf("ranges %v leave the table %v", reads.Rows, table)
	}
}

// open loads a package. It also returns the weights image and what overwrites
// a part of the engine's copy.
func open(t testing.TB, dir string) (e *engine.Engine, image []byte, overwrite func(offset int, b []byte)) {
	t.Helper()
	k, err := native.Open()
	if err != nil {
		t.Fatal(err)
	}
	files := os.DirFS(dir)
	m, raw, err := modeldir.Open(files)
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := modeldir.ReadFile(files, m.Tokenizer)
	if err != nil {
		t.Fatal(err)
	}
	e = engine.New(k)
	var weights kernel.Ptr
	if weights, err = e.SetManifest(raw); err != nil {
		t.Fatal(err)
	}
	err = modeldir.ReadImage(files, m, func(offset int, chunk []byte) error {
		image = append(image, chunk...)
		k.Write(weights.Add(offset), chunk)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.SetTokenizer(tokens); err != nil {
		t.Fatal(err)
	}
	return e, image, func(offset int, b []byte) { k.Write(weights.Add(offset), b) }
}
