package service

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/effir/effir/edge/internal/tinybundle"
	"github.com/effir/effir/wasm/engine"
)

func TestSearchByKeywordNeedsNoModel(t *testing.T) {
	s, h := newTest(t)
	got := decode[engine.Answer](t, call(s, "GET", "/search?q=read+file&mode=keyword&limit=2", ""), 200)
	if got.Mode != "keyword" || len(got.Hits) != 2 || got.Hits[0].KeywordRank != 1 || got.Tokens != 0 {
		t.Errorf("unexpected answer %+v", got)
	}
	for path := range h.reads {
		if strings.HasPrefix(path, "model/") {
			t.Errorf("%s was read for a keyword search", path)
		}
	}
	h.runTasks()
	if s.encoder.isReady() {
		t.Error("mode=keyword started to load the model")
	}
}

func TestSearchIsProgressive(t *testing.T) {
	s, h := newTest(t)
	first := decode[engine.Answer](t, call(s, "GET", "/search?q=cancel", ""), 200)
	if first.Mode != "keyword" || len(first.Hits) == 0 || first.Hits[0].Title != "context.WithCancel" {
		t.Errorf("first answer %+v, want a keyword answer", first)
	}
	if s.encoder.isReady() {
		t.Error("the answer waited for the model")
	}
	h.runTasks()
	second := decode[engine.Answer](t, call(s, "GET", "/search?q=cancel", ""), 200)
	if second.Mode != "fused" || len(second.Hits) != len(tinybundle.Passages) || second.Tokens != len("cancel") {
		t.Errorf("second answer %+v, want a fused answer with all passages", second)
	}
}

func TestSearchModes(t *testing.T) {
	s, _ := newTest(t)
	for _, mode := range []string{"semantic", "fused"} {
		got := decode[engine.Answer](t, call(s, "GET", "/search?q=sort&mode="+mode, ""), 200)
		if got.Mode != mode || len(got.Hits) != len(tinybundle.Passages) {
			t.Errorf("mode %s: %+v", mode, got)
		}
	}
}

func TestSearchRefuses(t *testing.T) {
	s, h := newTest(t)
	for _, test := range []struct {
		target string
		status int
		param  string
	}{
		{"/search", 400, "q"},
		{"/search?q=", 400, "q"},
		{"/search?q=%20%09%0a", 400, "q"},
		{"/search?q=%zz", 400, "q"},
		{"/search?q=" + strings.Repeat("a", maxQuery+1), 413, "q"},
		{"/search?q=a&limit=0", 400, "limit"},
		{"/search?q=a&limit=101", 400, "limit"},
		{"/search?q=a&limit=ten", 400, "limit"},
		{"/search?q=a&mode=psychic", 400, "mode"},
	} {
		got := decode[failure](t, call(s, "GET", test.target, ""), test.status).Error
		if got.Message == "" || got.Code != test.status || got.Param == nil || *got.Param != test.param {
			t.Errorf("%.40s: %+v", test.target, got)
		}
	}
	if len(h.reads) != 0 {
		t.Errorf("refused requests loaded %v", h.reads)
	}
}

func TestSearchTakesAnyBytes(t *testing.T) {
	s, _ := newTest(t)
	for _, query := range []string{"\x00", "\xff\xfe", "数字 🙂", "a\x00b", strings.Repeat("🙂", maxQuery/4), "%", "'\"<>"} {
		for _, mode := range []string{"keyword", "semantic", "fused"} {
			w := call(s, "GET", "/search?mode="+mode+"&q="+url.QueryEscape(query), "")
			if w.Code != http.StatusOK {
				t.Errorf("%.20q in mode %s: %d %s", query, mode, w.Code, w.Body)
			}
		}
	}
}

func TestWrongMethodsAndPaths(t *testing.T) {
	s, _ := newTest(t)
	for _, test := range []struct {
		method, target string
		status         int
		allow          string
	}{
		{"POST", "/search?q=a", 405, "GET, OPTIONS"},
		{"DELETE", "/health", 405, "GET, OPTIONS"},
		{"GET", "/v1/embeddings", 405, "POST, OPTIONS"},
		{"GET", "/", 404, ""},
		{"GET", "/search/", 404, ""},
	} {
		w := call(s, test.method, test.target, "")
		decode[failure](t, w, test.status)
		if w.Header().Get("Allow") != test.allow {
			t.Errorf("%s %s: Allow is %q", test.method, test.target, w.Header().Get("Allow"))
		}
	}
	w := call(s, "OPTIONS", "/v1/embeddings", "")
	if w.Code != http.StatusNoContent || w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("Access-Control-Allow-Headers") == "" {
		t.Errorf("preflight: %d %v", w.Code, w.Header())
	}
}
