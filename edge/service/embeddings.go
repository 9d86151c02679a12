package service

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"

	"github.com/effir/effir/wasm/encoder"
)

// Limits of one request. Computing takes some milliseconds a token and an edge
// runtime ends requests that compute for long.
const (
	MaxInputs = 64
	maxBody   = 1 << 20
	maxText   = 64 << 10
)

// embeddingRequest is the body of POST /v1/embeddings. Fields of OpenAI's API
// that have no meaning here (user, and others to come) are ignored.
type embeddingRequest struct {
	Model          string          `json:"model"`
	Input          json.RawMessage `json:"input"`
	EncodingFormat string          `json:"encoding_format"`
	Dimensions     *int            `json:"dimensions"`
	// InputType extends the API: "query" (default) or "passage".
	InputType string `json:"input_type"`

	texts []string
	kind  encoder.Kind
}

type embeddingAnswer struct {
	Object string          `json:"object"` // "list"
	Data   []embeddingItem `json:"data"`
	Model  string          `json:"model"`
	Usage  struct {
		PromptTokens int `json:"prompt_tokens"`
		TotalTokens  int `json:"total_tokens"`
	} `json:"usage"`
}

type embeddingItem struct {
	Object    string          `json:"object"` // "embedding"
	Index     int             `json:"index"`
	Embedding json.RawMessage `json:"embedding"`
}

// embeddings answers POST /v1/embeddings. With encoding_format "base64" a vector
// is its float32 numbers in little-endian order, bit by bit; with "float" each
// number has the digits that give the same float32 when read again.
func (s *Service) embeddings(w http.ResponseWriter, r *http.Request) {
	request, bad := readEmbeddingRequest(r.Body)
	if bad != nil {
		bad.send(w)
		return
	}
	if err := s.encoder.ensure(); err != nil {
		unavailable(w, err)
		return
	}
	m := s.engine.Manifest()
	if request.Model != "" && request.Model != m.Name {
		refuse(http.StatusNotFound, "model", "the worker has no model "+strconv.Quote(clip(request.Model))+"; it has "+strconv.Quote(m.Name)).send(w)
		return
	}
	if request.Dimensions != nil && *request.Dimensions != m.Dims {
		refuse(http.StatusBadRequest, "dimensions", "dimensions is "+strconv.Itoa(*request.Dimensions)+", the model has "+strconv.Itoa(m.Dims)+" and cannot be cut").send(w)
		return
	}
	result := embeddingAnswer{Object: "list", Model: m.Name, Data: make([]embeddingItem, len(request.texts))}
	for i, text := range request.texts {
		if i > 0 {
			s.host.Pause(0)
		}
		vector, tokens, err := s.embed(text, request.kind, request.EncodingFormat)
		switch {
		case errors.Is(err, encoder.ErrEmpty):
			refuse(http.StatusBadRequest, "input", "input "+strconv.Itoa(i)+" is empty; there is nothing to embed").send(w)
			return
		case err != nil:
			fail(w, http.StatusInternalServerError, "internal", "input", err.Error())
			return
		}
		result.Data[i] = embeddingItem{Object: "embedding", Index: i, Embedding: vector}
		result.Usage.PromptTokens += tokens
	}
	result.Usage.TotalTokens = result.Usage.PromptTokens
	answer(w, http.StatusOK, result)
}

// embed returns the embedding of text as JSON.
func (s *Service) embed(text string, kind encoder.Kind, format string) (json.RawMessage, int, error) {
	s.run.Lock()
	defer s.run.Unlock()
	vector, tokens, err := s.engine.Embed(text, kind)
	if err != nil {
		return nil, 0, err
	}
	if format == "base64" {
		raw := make([]byte, 0, 4*len(vector))
		for _, x := range vector {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
		}
		return append(base64.StdEncoding.AppendEncode([]byte{'"'}, raw), '"'), tokens, nil
	}
	out := []byte{'['}
	for i, x := range vector {
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendFloat(out, float64(x), 'g', -1, 32)
	}
	return append(out, ']'), tokens, nil
}

// refusal is what is wrong with a request.
type refusal struct {
	status         int
	param, message string
}

func refuse(status int, param, message string) *refusal { return &refusal{status, param, message} }

func (bad *refusal) send(w http.ResponseWriter) {
	fail(w, bad.status, "invalid_request_error", bad.param, bad.message)
}

// readEmbeddingRequest reads and checks a body, apart from what depends on the model.
func readEmbeddingRequest(body io.Reader) (*embeddingRequest, *refusal) {
	if body == nil {
		body = http.NoBody
	}
	text, err := io.ReadAll(io.LimitReader(body, maxBody+1))
	switch {
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "", "the body could not be read to its end; send it again")
	case len(text) > maxBody:
		return nil, refuse(http.StatusRequestEntityTooLarge, "", "the body is larger than 1 MiB; send fewer texts at once")
	case len(text) == 0:
		return nil, refuse(http.StatusBadRequest, "", `the body is empty; send JSON such as {"input":"text"}`)
	}
	request := new(embeddingRequest)
	if err := json.Unmarshal(text, request); err != nil {
		return nil, refuse(http.StatusBadRequest, "", "the body is not the JSON of an embeddings request: "+clipError(err))
	}
	if bad := request.readInput(); bad != nil {
		return nil, bad
	}
	switch request.EncodingFormat {
	case "", "float", "base64":
	default:
		return nil, refuse(http.StatusBadRequest, "encoding_format", "encoding_format is "+strconv.Quote(clip(request.EncodingFormat))+", must be float or base64")
	}
	switch request.InputType {
	case "", "query":
		request.kind = encoder.Query
	case "passage":
		request.kind = encoder.Passage
	default:
		return nil, refuse(http.StatusBadRequest, "input_type", "input_type is "+strconv.Quote(clip(request.InputType))+", must be query or passage")
	}
	return request, nil
}

// readInput reads a string or an array of strings.
func (r *embeddingRequest) readInput() *refusal {
	var one string
	switch {
	case len(r.Input) == 0 || string(r.Input) == "null":
		return refuse(http.StatusBadRequest, "input", "input is missing; give a text or an array of texts")
	case json.Unmarshal(r.Input, &one) == nil:
		r.texts = []string{one}
	case json.Unmarshal(r.Input, &r.texts) != nil:
		return refuse(http.StatusBadRequest, "input", "input must be a text or an array of texts; arrays of token numbers are not supported")
	}
	if len(r.texts) == 0 || len(r.texts) > MaxInputs {
		return refuse(http.StatusBadRequest, "input", "input has "+strconv.Itoa(len(r.texts))+" texts, must have 1.."+strconv.Itoa(MaxInputs))
	}
	for i, text := range r.texts {
		switch {
		case text == "":
			return refuse(http.StatusBadRequest, "input", "input "+strconv.Itoa(i)+" is empty; there is nothing to embed")
		case len(text) > maxText:
			return refuse(http.StatusRequestEntityTooLarge, "input", "input "+strconv.Itoa(i)+" has "+strconv.Itoa(len(text))+" bytes, at most "+strconv.Itoa(maxText)+" are read; split it into passages")
		}
	}
	return nil
}

// clipError is the text of a JSON error, which can quote long input.
func clipError(err error) string {
	if text := err.Error(); len(text) <= 160 {
		return text
	}
	return "it is malformed"
}
