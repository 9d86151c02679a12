package main

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/bench/texts"
	"github.com/effir/effir/internal/guestbuild"
	"github.com/effir/effir/models"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/model/modeldir"
	"github.com/effir/effir/web/browsertest"
)

// TestPhasesOnTheReleasedModel runs all phases for the systems that need no download.
func TestPhasesOnTheReleasedModel(t *testing.T) {
	if _, err := browsertest.Find(); errors.Is(err, browsertest.ErrMissing) && os.Getenv(browsertest.RequireVariable) != "1" {
		t.Skip(err)
	}
	const name = "bge-small-slim"
	const other = "minilm" // the same package, as the model of another client
	p := &prepared{dir: t.TempDir(), packages: map[string]fs.FS{name: models.Default()}, manifests: map[string]*model.Manifest{}, sites: map[string]string{}}
	var err error
	if p.manifests[name], _, err = modeldir.Open(p.packages[name]); err != nil {
		t.Fatal(err)
	}
	p.packages[other], p.manifests[other] = p.packages[name], p.manifests[name]
	if err := p.publishSites(t.Context(), name, other); err != nil {
		t.Fatal(err)
	}
	guest := filepath.Join(t.TempDir(), "guest.wasm")
	if err := os.WriteFile(guest, guestbuild.Module(t), 0o644); err != nil {
		t.Fatal(err)
	}
	tree, err := newTree(filepath.Join("..", ".."), guest, p)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Options: measure.Options{Rounds: 1, Quick: true}, log: io.Discard, packer: packer{t.TempDir()}}
	if b.server, err = serve(tree); err != nil {
		t.Fatal(err)
	}
	defer b.server.Close()
	of, err := texts.Of(p.packages[name])
	if err != nil {
		t.Fatal(err)
	}
	b.texts = map[vocabulary]map[int][]string{wordPieces: of}
	for _, s := range systems(p) {
		if s.name == effirSlimBGE {
			s.name = effirMiniLM // the system in whose page kernels are measured
			b.systems = append(b.systems, s)
		}
		if s.name == clientMiniLM {
			s.phases = loaded
			b.systems = append(b.systems, s)
		}
		if s.name == clientSlimBGE {
			b.systems = append(b.systems, s)
		}
	}

	latency, err := b.latency(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, length := range texts.Lengths {
		if ms := measure.Find(latency.Series, textCase(effirMiniLM, length)).Median(); !(ms > 0 && ms < 60_000) {
			t.Errorf("%d tokens take %g ms", length, ms)
		}
	}
	if c := latency.Choices; len(c) != 1 || c[0].System != effirMiniLM || c[0].Choice == "" {
		t.Errorf("kernels that were chosen: %v", c)
	}
	for _, kernel := range kernels {
		limit, rate := measure.Find(latency.Series, limitCase(kernel)), measure.Find(latency.Series, rateCase(kernel, "SmolLM2", 64))
		if !(limit.Median() > 0.1 && rate.Median() > 0.1) {
			t.Errorf("%s: %v of %v", kernel, rate, limit)
		}
	}
	whole, only := measure.Find(latency.Series, textCase(effirMiniLM, glueTokens)), measure.Find(latency.Series, kernelsCase(effirMiniLM))
	if share := only.Median() / whole.Median(); !(share > 0.2 && share < 5) { // one measurement of each, on any machine
		t.Errorf("the kernels alone take %v ms of %v", only, whole)
	}
	for _, name := range operations {
		limit, rate := measure.Find(latency.Series, limitOf(name)), measure.Find(latency.Series, name)
		if !(limit.Median() > 0.1 && rate.Median() > 0.1) {
			t.Errorf("%s: %v of %v", name, rate, limit)
		}
	}

	startup, err := b.startup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if ms := measure.Find(startup.Series, firstResult(clientSlimBGE)).Median(); !(ms > 0 && ms < 60_000) {
		t.Errorf("a known page takes %g ms to its first embedding", ms)
	}
	// Runtime and layers at least; at most all of the model besides. Of two clients with the same
	// package, one behind the other, neither is counted with what the other still loads.
	all := float64(p.manifests[name].Weights.Bytes) / 1e6
	for _, client := range []string{clientMiniLM, clientSlimBGE} {
		if mb := measure.Find(startup.Series, transferred(client)).Median(); !(mb > 2 && mb < all+2) {
			t.Errorf("a first visit of %s gets %g MB, the weights alone are %g", client, mb, all)
		}
	}

	memory, err := b.memory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s := measure.Find(memory.Series, pageMemory(clientSlimBGE)); len(s.Values) > 0 && !(s.Median() > 2 && s.Median() < 500) {
		t.Errorf("the page holds %g MB", s.Median())
	}

	documents, err := b.documents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if c := documents.Choices; len(c) != len(documentThreads) || c[0].System != clientSlimBGE || !strings.Contains("relaxed, fours relaxed, twos baseline", c[0].Choice) {
		t.Errorf("kernels that clients chose: %v", c)
	}
	for _, threads := range documentThreads {
		if ms := measure.Find(documents.Series, perDocument(threads)(clientSlimBGE)).Median(); !(ms > 0 && ms < 60_000) {
			t.Errorf("a document takes %g ms with %d threads", ms, threads)
		}
	}
}

func TestFirstVisitsOfOthersAreNoticed(t *testing.T) {
	client := system{name: clientSlimBGE, family: "client", query: url.Values{"site": {"bge"}}}
	own := map[string]transfer{
		"page/page.js":             {size: 3000, whole: 3000},
		"runtime/guest.wasm":       {size: 3e6, whole: 3e6},
		"sites/bge/index.json":     {size: 900, whole: 900},
		"models/effir/bge/aa.bin":  {size: 8e6, parts: 5e6},
		"models/effir/bge/bb.bin":  {size: 1e6, whole: 1e6, parts: 1e5}, // a piece came twice
		"models/effir/bge/all.bin": {size: 1e6, whole: 1e6},
	}
	if err := checkSent(client, own); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]transfer{
		"models/effir/bge-small/aa.bin": {size: 8e6, parts: 70},   // another client's
		"models/onnx/model.onnx":        {size: 9e6, whole: 9e6},  // a peer's
		"models/effir/bge/aa.bin":       {size: 8e6, parts: 13e6}, // more than there is
		"runtime/guest.wasm":            {size: 3e6, whole: 6e6},  // twice
	} {
		sent := maps.Clone(own)
		sent[name] = want
		if err := checkSent(client, sent); err == nil || !strings.Contains(err.Error(), clientSlimBGE) {
			t.Errorf("%s %+v: %v", name, want, err)
		}
		if err := checkSent(system{family: "transformers.js"}, sent); err != nil {
			t.Error(err)
		}
	}
}
