package serve_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/native"
	"github.com/effir/effir/web"
	"github.com/effir/effir/web/browsertest"
)

// script runs code with the client library's open and the helper all, which
// collects what a search yields, and returns what the code returns.
func script[T any](s *site, code string) T {
	s.t.Helper()
	s.navigate("status.json")
	got, err := browsertest.Await[T](s.browser, fmt.Sprintf(`(async () => {
		const { open } = await import("/effir.js");
		const places = { runtime: "/", index: "/index/", model: "/model/" };
		async function all(results) {
			const list = [];
			try {
				for await (const { mode, hits, final } of results) list.push(mode + " " + hits[0]?.title + (final ? " final" : ""));
			} catch (error) {
				list.push("error " + error.message);
			}
			return list;
		}
		%s
	})()`, code))
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

func TestEmbeddingsEqualNative(t *testing.T) {
	s := newSite(t, nil)
	host, err := native.Open(os.DirFS(s.modelDir), native.Options{})
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{"a", "How do I cancel a request?", "ünïcödé 🙂 \x00 text", strings.Repeat("long text ", 200)}
	for range 30 {
		texts = append(texts, fmt.Sprintf("text number %d of many", len(texts)))
	}
	for _, kernels := range []string{browsertest.Auto, browsertest.Baseline} {
		vectors, used, err := browsertest.EmbeddingsBy(t.Context(), s.url, kernels, texts)
		if err != nil {
			t.Fatal(err)
		}
		if want := map[string]string{browsertest.Auto: "relaxed", browsertest.Baseline: "baseline"}[kernels]; used != want {
			t.Errorf("kernels %s: %s were used, want %s", kernels, used, want)
		}
		if len(vectors) != len(texts) {
			t.Fatalf("%d vectors of %d texts", len(vectors), len(texts))
		}
		for i, text := range texts {
			row, err := host.EmbedOne(text, encoder.Passage)
			if err != nil {
				t.Fatal(err)
			}
			want, err := binary.Append(nil, binary.LittleEndian, row)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(vectors[i], want) {
				t.Errorf("%s kernels: text %d differs from native %s", kernels, i, host.KernelName())
			}
		}
	}
}

func TestSearchYieldsKeywordThenFused(t *testing.T) {
	s := newSite(t, nil)
	s.embed(len(passages))
	got := script[[]string](s, `
		const search = open(places);
		const found = await all(search.search("mutual exclusion"));
		search.close();
		return [...found, ...(await all(search.search("after close")))];`)
	if len(got) != 3 || got[0] != "keyword sync.Mutex" || !strings.HasPrefix(got[1], "fused ") || !strings.HasSuffix(got[1], " final") || got[2] != "error the search was closed" {
		t.Errorf("%q", got)
	}
}

func TestNewerSearchReplacesOlder(t *testing.T) {
	s := newSite(t, nil)
	s.embed(len(passages))
	got := script[[][]string](s, `
		const search = open(places);
		const older = all(search.search("mutual exclusion"));
		const newer = all(search.search("goroutines"));
		const stop = new AbortController();
		const found = await Promise.all([older, newer]);
		const aborted = all(search.search("encoding", { signal: stop.signal }));
		stop.abort(new Error("no longer wanted"));
		return [...found, await aborted];`)
	if len(got[0]) != 0 {
		t.Errorf("the replaced search yielded %q", got[0])
	}
	if len(got[1]) != 2 || got[1][0] != "keyword sync.WaitGroup" {
		t.Errorf("the newer search yielded %q", got[1])
	}
	if want := "error no longer wanted"; got[2][len(got[2])-1] != want {
		t.Errorf("the aborted search yielded %q, want %q at its end", got[2], want)
	}
}

// broken makes each integer dot product (i32x4.dot_i16x8_s, fd ba 01) a trap:
// unreachable and two nops.
func broken(module []byte) []byte {
	return bytes.ReplaceAll(module, []byte{0xfd, 0xba, 0x01}, []byte{0x00, 0x01, 0x01})
}

func TestGuestThatStopsIsRebuilt(t *testing.T) {
	s := newSite(t, func(modules web.Assets) {
		for _, name := range []string{"kernels_baseline.wasm", "kernels_relaxed.wasm"} {
			modules[name] = broken(modules[name])
		}
	})
	s.embed(len(passages))
	got := script[[]string](s, `
		const search = open(places);
		const first = await all(search.search("mutual exclusion"));
		await search.refresh();
		const second = await all(search.search("goroutines"));
		await search.refresh();
		const { restarts, kernels, index } = search.status;
		return [...first, ...second, restarts + " " + kernels + " " + index.stage];`)
	want := []string{"keyword sync.Mutex", "error the search engine stopped: unreachable; it was started again", "keyword sync.WaitGroup", "error the search engine stopped: unreachable; it was started again", "2 baseline ready"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestDamagedModelIsRefusedAndRetried(t *testing.T) {
	s := newSite(t, nil)
	s.embed(len(passages))
	damaged := packageFiles(t, s.modelDir)[0]
	whole, err := os.ReadFile(damaged)
	if err != nil {
		t.Fatal(err)
	}
	wrong := bytes.Clone(whole)
	wrong[len(wrong)/2] ^= 1
	if err := os.WriteFile(damaged, wrong, 0o644); err != nil {
		t.Fatal(err)
	}
	got := script[[]string](s, `
		globalThis.search = open(places);
		const error = await search.embed(["text"]).catch((error) => error.message);
		return [error, search.status.model.stage, ...(await all(search.search("mutual exclusion")))];`)
	if !strings.Contains(got[0], "does not have the content that its name promises") || got[1] != "failed" || got[2] != "keyword sync.Mutex final" {
		t.Errorf("%q", got)
	}
	if err := os.WriteFile(damaged, whole, 0o644); err != nil {
		t.Fatal(err)
	}
	again, err := browsertest.Await[int](s.browser, `(async () => {
		await search.refresh();
		return (await search.embed(["text"]))[0].length;
	})()`)
	if err != nil || again != 64 {
		t.Errorf("after the repair: a vector of %d, %v", again, err)
	}
}

func TestWithoutModelSearchIsByKeyword(t *testing.T) {
	s := newSite(t, nil)
	got := script[[]string](s, `
		const search = open({ ...places, model: undefined });
		const refused = await search.embed(["text"]).catch((error) => error.message);
		return [refused, ...(await all(search.search("mutual exclusion"))), ...(await all(search.search("")))];`)
	want := []string{"there is no model: give open() the URL of one", "keyword sync.Mutex final", "keyword undefined final"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
