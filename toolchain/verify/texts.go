// Package verify proves what the project promises of a model package: the same
// bits in every host, and closeness to the float model it was made from.
package verify

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// phrases are what Texts combines: questions, prose, code, scripts, emoji.
var phrases = []string{
	"how do I cancel a request",
	"WithTimeout returns WithDeadline(parent, time.Now().Add(timeout)).",
	"func (c *Client) Do(req *Request) (*Response, error)",
	"read a file line by line",
	"The quick brown fox jumps over the lazy dog.",
	"if err := json.Unmarshal(data, &v); err != nil { return fmt.Errorf(\"decode: %w\", err) }",
	"Wie sortiere ich eine Liste von Zeichenketten?",
	"¿Cómo se convierte una cadena en un número entero?",
	"Comment fermer proprement une connexion réseau ?",
	"Как прочитать файл построчно?",
	"如何取消一个正在进行的请求？",
	"リクエストをキャンセルするにはどうすればよいですか",
	"كيف ألغي الطلب؟",
	"मैं अनुरोध कैसे रद्द करूँ?",
	"요청을 취소하려면 어떻게 하나요",
	"🙂🚀 emoji and ZWJ 👩‍👩‍👧‍👦 sequences",
	"0123456789 3.14159 1e-9 0xDEADBEEF",
	"SELECT id, name FROM users WHERE age >= 21 ORDER BY name;",
	"tabs\tand\nnewlines\r\nand    spaces",
	"Vitamin D deficiency is associated with an increased risk of fractures in older adults.",
}

// Texts returns count texts, the same ones for ever: single phrases first, then
// combinations from a word to beyond any model's longest text, and random
// bytes made valid UTF-8, because that is all that a browser can hand over.
func Texts(count int) []string {
	random := rand.New(rand.NewPCG(2026, 1))
	texts := append([]string(nil), phrases...)
	texts = append(texts, "a", " ", "\n", "\x00", "\ufffd broken \u0301", strings.Repeat("x", 300))
	for i := len(texts); i < count; i++ {
		switch {
		case i%50 == 0:
			texts = append(texts, strings.Repeat(phrases[random.IntN(len(phrases))]+" ", 60))
		case i%17 == 0:
			b := make([]byte, 1+random.IntN(60))
			for j := range b {
				b[j] = byte(random.Uint32())
			}
			texts = append(texts, strings.ToValidUTF8(string(b), "\ufffd"))
		case i%5 == 0:
			words := strings.Fields(phrases[random.IntN(len(phrases))])
			texts = append(texts, words[random.IntN(len(words))])
		default:
			texts = append(texts, fmt.Sprintf("%s %d. %s", phrases[random.IntN(len(phrases))], i, phrases[random.IntN(len(phrases))]))
		}
	}
	return texts[:count]
}
