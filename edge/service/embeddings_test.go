package service

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/wasm/encoder"
	"github.com/effir/effir/wasm/kernel"
	"github.com/effir/effir/wasm/native"
)

type vectors struct {
	Object string
	Data   []struct {
		Object    string
		Index     int
		Embedding json.RawMessage
	}
	Model string
	Usage map[string]int
}

func TestEmbeddingsGiveTheEncodersBits(t *testing.T) {
	s, h := newTest(t)
	reference, err := native.Open(os.DirFS(h.dir+"/model"), native.Options{Kernels: kernel.NewReference(), Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{"how do I cancel a request", "数字 🙂", "\x00", strings.Repeat("long ", 500)}
	input, _ := json.Marshal(texts)
	for _, format := range []string{"float", "base64"} {
		for name, kind := range map[string]encoder.Kind{"query": encoder.Query, "passage": encoder.Passage} {
			body := `{"model":"tiny","input":` + string(input) + `,"encoding_format":"` + format + `","input_type":"` + name + `","user":"x"}`
			got := decode[vectors](t, call(s, "POST", "/v1/embeddings", body), 200)
			if got.Object != "list" || got.Model != "tiny" || len(got.Data) != len(texts) || got.Usage["prompt_tokens"] == 0 || got.Usage["prompt_tokens"] != got.Usage["total_tokens"] {
				t.Fatalf("unexpected answer %+v", got)
			}
			for i, item := range got.Data {
				want, err := reference.EmbedOne(texts[i], kind)
				if err != nil {
					t.Fatal(err)
				}
				if item.Index != i || item.Object != "embedding" || !bytes.Equal(bytesOf(t, item.Embedding, format), littleEndian(want)) {
					t.Errorf("%s, %s: text %d has other bits than the encoder's", format, name, i)
				}
			}
		}
	}
}

func TestEmbeddingsTakeOneText(t *testing.T) {
	s, _ := newTest(t)
	one := decode[vectors](t, call(s, "POST", "/v1/embeddings", `{"input":"abc","dimensions":`+strconv.Itoa(tinymodel.Config().HiddenSize)+`}`), 200)
	if len(one.Data) != 1 || one.Usage["prompt_tokens"] != 3 {
		t.Errorf("unexpected answer %+v", one)
	}
}

func TestEmbeddingsRefuse(t *testing.T) {
	s, _ := newTest(t)
	many := strings.Repeat(`"a",`, MaxInputs) + `"a"`
	for _, test := range []struct {
		body   string
		status int
		param  string
	}{
		{``, 400, ""},
		{`{`, 400, ""},
		{"\x00\xff\x01binary", 400, ""},
		{`[]`, 400, ""},
		{`{}`, 400, "input"},
		{`{"input":null}`, 400, "input"},
		{`{"input":""}`, 400, "input"},
		{`{"input":[]}`, 400, "input"},
		{`{"input":["a",""]}`, 400, "input"},
		{`{"input":["a",null]}`, 400, "input"},
		{`{"input":[1,2]}`, 400, "input"},
		{`{"input":{"text":"a"}}`, 400, "input"},
		{`{"input":[` + many + `]}`, 400, "input"},
		{`{"input":"` + strings.Repeat("a", maxText+1) + `"}`, 413, "input"},
		{`{"input":"` + strings.Repeat("a", maxBody) + `"}`, 413, ""},
		{`{"input":"a","encoding_format":"hex"}`, 400, "encoding_format"},
		{`{"input":"a","input_type":"song"}`, 400, "input_type"},
		{`{"input":"a","dimensions":32}`, 400, "dimensions"},
		{`{"input":"a","model":"other"}`, 404, "model"},
		{`{"input":"a","model":7}`, 400, ""},
		{strings.Repeat(`[`, 100000), 400, ""},
	} {
		got := decode[failure](t, call(s, "POST", "/v1/embeddings", test.body), test.status).Error
		param := ""
		if got.Param != nil {
			param = *got.Param
		}
		if got.Message == "" || len(got.Message) > 400 || got.Code != test.status || param != test.param {
			t.Errorf("%.40q: %+v, param %q", test.body, got, param)
		}
	}
}

// FuzzEmbeddingRequest holds the reader of bodies to: a request with texts
// within the limits, or a refusal with a message.
func FuzzEmbeddingRequest(f *testing.F) {
	for _, seed := range []string{`{"input":"a"}`, `{"input":["a","b"],"dimensions":64}`, `{"input":[[1,2]]}`, `{"input":"\ud800"}`, "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		request, bad := readEmbeddingRequest(bytes.NewReader(body))
		if (request == nil) == (bad == nil) {
			t.Fatal("neither or both of request and refusal")
		}
		if bad != nil {
			if bad.message == "" || bad.status < 400 || bad.status > 499 {
				t.Fatalf("refusal %+v", bad)
			}
			return
		}
		if len(request.texts) < 1 || len(request.texts) > MaxInputs {
			t.Fatalf("%d texts", len(request.texts))
		}
		for _, text := range request.texts {
			if text == "" || len(text) > maxText {
				t.Fatalf("a text of %d bytes", len(text))
			}
		}
	})
}

// bytesOf returns an embedding as the bytes of its float32 numbers.
func bytesOf(t *testing.T, embedding json.RawMessage, format string) []byte {
	t.Helper()
	var raw []byte
	var numbers []float32
	var err error
	if format == "base64" {
		err = json.Unmarshal(embedding, &raw)
	} else if err = json.Unmarshal(embedding, &numbers); err == nil {
		raw = littleEndian(numbers)
	}
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func littleEndian(vector []float32) []byte {
	var b []byte
	for _, x := range vector {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}
