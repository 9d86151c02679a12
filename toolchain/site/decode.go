package site

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
)

// decode returns a file's text in UTF-8. The encoding is what a byte order mark
// or a <meta> says; UTF-8 where the bytes are that; else what browsers assume.
// notice is empty unless a reader should know about it.
func decode(data []byte) (text, notice string, err error) {
	start := data[:min(len(data), 1024)]
	encoding, name, marked := charset.DetermineEncoding(start, "")
	declared := marked || bytes.Contains(bytes.ToLower(start), []byte("charset"))
	valid := utf8.Valid(data)
	switch {
	case name == "utf-8" || name != "utf-16le" && name != "utf-16be" && valid:
		if declared && name != "utf-8" && hasHighByte(data) {
			notice = fmt.Sprintf("declares %s but is UTF-8: read as UTF-8", name)
		}
		text = strings.TrimPrefix(string(data), "\ufeff")
		if !valid {
			notice = "declares UTF-8 but has other bytes: they are shown as \ufffd"
			text = strings.ToValidUTF8(text, "\ufffd")
		}
	default:
		decoded, err := encoding.NewDecoder().Bytes(data)
		if err != nil {
			return "", "", fmt.Errorf("cannot be read as %s: %w", name, err)
		}
		text = strings.TrimPrefix(string(decoded), "\ufeff")
		if !declared {
			notice = fmt.Sprintf("declares no encoding and is not UTF-8: read as %s", name)
		}
	}
	if strings.IndexByte(text, 0) >= 0 {
		return "", "", fmt.Errorf("is not text")
	}
	return text, notice, nil
}

func hasHighByte(data []byte) bool {
	return bytes.ContainsFunc(data, func(r rune) bool { return r >= utf8.RuneSelf })
}
