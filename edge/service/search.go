package service

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/engine"
)

const (
	// maxQuery bounds a query in bytes; longer ones would be cut by the encoder.
	maxQuery     = 4096
	defaultLimit = 10
	maxLimit     = 100
)

// search answers GET /search?q=words with parameters limit (1 to 100, default
// 10) and mode: "keyword" never waits for the model, "semantic" and "fused" do,
// and "auto", the default, gives what is possible at once: keyword hits while
// the model is loading behind it, fused ones from then on. The answer says which.
func (s *Service) search(w http.ResponseWriter, r *http.Request) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		fail(w, http.StatusBadRequest, "invalid_request_error", "q", "the query string is malformed; percent-encode q as UTF-8")
		return
	}
	query, status, problem := readQuery(values)
	if problem != "" {
		fail(w, status, "invalid_request_error", "q", problem)
		return
	}
	limit, err := readLimit(values.Get("limit"))
	if err != nil {
		fail(w, http.StatusBadRequest, "invalid_request_error", "limit", err.Error())
		return
	}
	switch mode := values.Get("mode"); mode {
	case "", "auto":
		s.searchAuto(w, query, limit)
	case "keyword":
		s.searchIn(w, query, engine.ModeKeyword, limit)
	case "semantic":
		s.searchIn(w, query, engine.ModeSemantic, limit)
	case "fused":
		s.searchIn(w, query, engine.ModeFused, limit)
	default:
		fail(w, http.StatusBadRequest, "invalid_request_error", "mode", "mode is "+strconv.Quote(clip(mode))+", must be auto, keyword, semantic or fused")
	}
}

// searchAuto answers by keyword and starts loading the rest where that is not
// ready yet.
func (s *Service) searchAuto(w http.ResponseWriter, query string, limit int) {
	if s.vectors.isReady() && s.encoder.isReady() {
		s.searchIn(w, query, engine.ModeFused, limit)
		return
	}
	s.searchIn(w, query, engine.ModeKeyword, limit)
	if !s.index.isReady() || s.bundle.manifest.Vectors == nil {
		return
	}
	s.host.Background(func() {
		if s.vectors.ensure() == nil {
			s.encoder.ensure()
		}
	})
}

func (s *Service) searchIn(w http.ResponseWriter, query string, mode engine.Mode, limit int) {
	needs := []*load{s.index}
	if mode != engine.ModeKeyword {
		needs = append(needs, s.vectors, s.encoder)
	}
	for _, part := range needs {
		switch err := part.ensure(); {
		case errors.Is(err, errNoVectors):
			fail(w, http.StatusNotImplemented, "no_vectors", "mode", err.Error())
			return
		case err != nil:
			unavailable(w, err)
			return
		}
	}
	s.run.Lock()
	result, err := s.engine.Search(query, mode, limit)
	var body []byte
	if err == nil {
		body = result.AppendJSON(nil)
	}
	s.run.Unlock()
	switch {
	case errors.Is(err, encoder.ErrEmpty):
		fail(w, http.StatusBadRequest, "invalid_request_error", "q", err.Error())
	case err != nil:
		fail(w, http.StatusInternalServerError, "internal", "", err.Error())
	default:
		send(w, http.StatusOK, body)
	}
}

// readQuery returns the query, or a status and what is wrong with it.
func readQuery(values url.Values) (query string, status int, problem string) {
	switch query = values.Get("q"); {
	case !values.Has("q"):
		return "", http.StatusBadRequest, "the parameter q is missing; ask /search?q=words"
	case len(query) > maxQuery:
		return "", http.StatusRequestEntityTooLarge, "the query has " + strconv.Itoa(len(query)) + " bytes, at most " + strconv.Itoa(maxQuery) + " are read; shorten it"
	}
	query = strings.ToValidUTF8(query, "\ufffd")
	if strings.TrimSpace(query) == "" {
		return "", http.StatusBadRequest, "the query is empty; give some words in q"
	}
	return query, 0, ""
}

func readLimit(text string) (int, error) {
	if text == "" {
		return defaultLimit, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > maxLimit {
		return 0, errors.New("limit is " + strconv.Quote(clip(text)) + ", must be a number in 1.." + strconv.Itoa(maxLimit))
	}
	return limit, nil
}

// clip shortens what a client sent before it is quoted back.
func clip(text string) string {
	if len(text) > 40 {
		return strings.ToValidUTF8(text[:40], "") + "..."
	}
	return text
}
