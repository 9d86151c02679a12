package export

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func around(t *testing.T, text string) (prefix, suffix []int32, err error) {
	t.Helper()
	var p processor
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	return p.around()
}

// The forms in which tokenizer.json files say what stands around a text.
func TestSpecialTokensOfEachProcessor(t *testing.T) {
	const template = `{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}}],` +
		`"special_tokens":{"<s>":{"id":"<s>","ids":[1]},"</s>":{"id":"</s>","ids":[2,3]}}}`
	for text, want := range map[string][2][]int32{
		template: {{1}, {2, 3}},
		`{"type":"BertProcessing","sep":["[SEP]",102],"cls":["[CLS]",101]}`:        {{101}, {102}},
		`{"type":"RobertaProcessing","sep":["</s>",2],"cls":["<s>",0]}`:            {{0}, {2}},
		`{"type":"ByteLevel","trim_offsets":true}`:                                 {nil, nil},
		`{"type":"Sequence","processors":[{"type":"ByteLevel"},` + template + `]}`: {{1}, {2, 3}},
		`{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A"}}]}`:         {nil, nil},
	} {
		prefix, suffix, err := around(t, text)
		if err != nil || !slices.Equal(prefix, want[0]) || !slices.Equal(suffix, want[1]) {
			t.Errorf("%.60s: %v and %v, error %v; want %v", text, prefix, suffix, err, want)
		}
	}
	for problem, text := range map[string]string{
		"special_tokens": `{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}}]}`,
		"cls and sep":    `{"type":"BertProcessing","sep":["[SEP]",1.5],"cls":["[CLS]",101]}`,
	} {
		if _, _, err := around(t, text); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("%s: error %v", problem, err)
		}
	}
}
