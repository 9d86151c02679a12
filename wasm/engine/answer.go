package engine

import (
	"strconv"

	"github.com/effir/effir/wasm/internal/jsontext"
)

// AppendJSON appends the answer's JSON form.
func (a *Answer) AppendJSON(dst []byte) []byte {
	dst = jsontext.AppendString(append(dst, `{"mode":`...), a.Mode)
	dst = append(dst, `,"hits":[`...)
	for i := range a.Hits {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = a.Hits[i].appendJSON(dst)
	}
	dst = strconv.AppendInt(append(dst, `],"tokens":`...), int64(a.Tokens), 10)
	return append(dst, '}')
}

func (h *Hit) appendJSON(dst []byte) []byte {
	dst = strconv.AppendInt(append(dst, `{"doc":`...), int64(h.Doc), 10)
	dst = strconv.AppendFloat(append(dst, `,"score":`...), float64(h.Score), 'g', -1, 32)
	for _, field := range [...]struct{ name, value string }{
		{`,"title":`, h.Title}, {`,"text":`, h.Text}, {`,"url":`, h.URL}, {`,"section":`, h.Section},
	} {
		dst = jsontext.AppendString(append(dst, field.name...), field.value)
	}
	dst = strconv.AppendInt(append(dst, `,"keywordRank":`...), int64(h.KeywordRank), 10)
	dst = strconv.AppendInt(append(dst, `,"semanticRank":`...), int64(h.SemanticRank), 10)
	return append(dst, '}')
}
