// Command compare checks a tokenizer against ids that a reference has made.
// testdata/compare.py runs it.
//
// It reads lines of JSON, [string, ids] or [string, ids, decoded], from standard
// input, encodes each string with the tokenizer as it is after tokenizer.json,
// compact form and back, and prints a summary. It exits with 1 if any ids differ,
// or if decoding does not give what it should: the third element or else the
// string (less the bytes that have no token).
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/effir/effir/wasm/tokenizer"
)

func main() {
	from := flag.String("tokenizer", "", "tokenizer.json to test")
	to := flag.String("write", "", "where to write what Tokenizer.JSON makes of it")
	flag.Parse()
	if err := run(*from, *to); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	t, err := load(from)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if to != "" {
		file, err := t.JSON()
		if err != nil {
			return err
		}
		if err := os.WriteFile(to, file, 0o644); err != nil {
			return err
		}
	}
	c := checker{tokenizer: t}
	if err := c.checkAll(os.Stdin); err != nil {
		return err
	}
	fmt.Printf("%d strings, %d bytes, %d ids: %d strings with other ids, %d decoded otherwise\n",
		c.strings, c.bytes, c.ids, c.different, c.misread)
	fmt.Printf("encoded in %v, %.1f MB/s\n", c.took.Round(time.Millisecond), float64(c.bytes)/1e6/c.took.Seconds())
	if c.strings == 0 || c.different > 0 || c.misread > 0 {
		return errors.New("failed")
	}
	return nil
}

// load reads tokenizer.json and sends it through the compact form.
func load(path string) (*tokenizer.Tokenizer, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t, err := tokenizer.ParseJSON(file)
	if err != nil {
		return nil, err
	}
	compact, err := t.MarshalBinary()
	if err != nil {
		return nil, err
	}
	return tokenizer.Parse(compact)
}

type checker struct {
	tokenizer *tokenizer.Tokenizer

	strings, bytes, ids int
	different, misread  int
	took                time.Duration
	buffer              []int32
}

func (c *checker) checkAll(r io.Reader) error {
	lines := bufio.NewReaderSize(r, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var text string
		var want []int32
		var decoded *string
		if err := json.Unmarshal(line, &[]any{&text, &want, &decoded}); err != nil {
			return err
		}
		if decoded == nil {
			restored := c.withoutMissing(text)
			decoded = &restored
		}
		if err := c.check(text, want, *decoded); err != nil {
			return err
		}
	}
}

func (c *checker) check(text string, want []int32, decoded string) error {
	start := time.Now()
	c.buffer = c.tokenizer.Encode(c.buffer[:0], text)
	c.took += time.Since(start)
	c.strings++
	c.bytes += len(text)
	c.ids += len(want)
	if !slices.Equal(c.buffer, want) {
		if c.different++; c.different <= 5 {
			fmt.Printf("%.300q\n got %.300v\nwant %.300v\n", text, c.buffer, want)
		}
	}
	back, err := c.tokenizer.Decode(c.buffer)
	if err != nil {
		return err
	}
	if back != decoded {
		if c.misread++; c.misread <= 5 {
			fmt.Printf("%.300q\nis decoded as %.300q\n", text, back)
		}
	}
	return nil
}

// withoutMissing is text without the bytes that have no token.
func (c *checker) withoutMissing(text string) string {
	kept := make([]byte, 0, len(text))
	for i := range len(text) {
		if _, ok := c.tokenizer.ID(text[i : i+1]); ok {
			kept = append(kept, text[i])
		}
	}
	return string(kept)
}
