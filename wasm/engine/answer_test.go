package engine

import (
	"encoding/json"
	"reflect"
	"testing"
)

// What hosts parse is the answer, whatever text the hits hold.
func TestAppendJSON(t *testing.T) {
	for _, want := range []*Answer{
		{Mode: "keyword", Hits: []Hit{}},
		{Mode: "fused", Tokens: 7, Hits: []Hit{
			{Doc: 3, Score: 0.033333335, Title: `a "b" \ </script>`, Text: "line\n\ttab \x00 é🙂\u2028", URL: "https://x/?a=1&b=2", Section: "s", KeywordRank: 1, SemanticRank: 2},
			{Doc: 1 << 30, Score: 1.5e-20}, {Score: -3e30},
		}},
	} {
		var got Answer
		if err := json.Unmarshal(want.AppendJSON([]byte{}), &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(want, &got) {
			t.Errorf("%+v became %+v", want, &got)
		}
	}
}
