package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/effir/effir/bench/peer"

	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/wasm/tokenizer"
)

// tokenize is a tokenizer on a number of cores. run returns seconds.
type tokenize struct {
	model, name string
	cores       int
	texts       int
	run         func() (float64, error)
}

func (t tokenize) series() string { return seriesName(t.model, t.name, t.cores, "tokenizing") }

func (t tokenize) measurement() measure.Case {
	return measure.Case{Name: t.series(), Unit: "texts/s", Run: func(context.Context) (float64, error) {
		seconds, err := t.run()
		return float64(t.texts) / seconds, err
	}}
}

// addTokenizer adds our tokenizer and the tokenizers library, which must find the same number of tokens.
func (b *bench) addTokenizer(ctx context.Context, model, file string, t *texts) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	own, err := tokenizer.ParseJSON(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	list := t.list[:len(t.list)-len(queryTokens)*queriesEach]
	for _, cores := range b.coreCounts() {
		p, err := peer.Start(ctx, b.dir, "tokenizers.mjs", "RAYON_NUM_THREADS="+strconv.Itoa(cores), "TOKENIZERS_PARALLELISM="+strconv.FormatBool(cores > 1))
		if err != nil {
			return err
		}
		b.peers.others = append(b.peers.others, p)
		if err := p.Ask("open", map[string]any{"file": file, "texts": list}, nil); err != nil {
			return err
		}
		var answer struct {
			Seconds float64
			Tokens  int
		}
		ask := func() (float64, error) {
			err := p.Ask("batch", nil, &answer)
			return answer.Seconds, err
		}
		if _, err := ask(); err != nil {
			return err
		}
		if tokens := encode(own, list, cores); tokens != answer.Tokens {
			return fmt.Errorf("%s: our tokenizer makes %d tokens of the documents, the tokenizers library %d", file, tokens, answer.Tokens)
		}
		b.tokens = append(b.tokens,
			tokenize{model, effir, cores, len(list), func() (float64, error) {
				start := time.Now()
				encode(own, list, cores)
				return time.Since(start).Seconds(), nil
			}},
			tokenize{model, tokenizers, cores, len(list), ask})
	}
	return nil
}

// encode returns the number of tokens of texts.
func encode(t *tokenizer.Tokenizer, list []string, cores int) int {
	counts := make([]int, cores)
	var wait sync.WaitGroup
	for core := range cores {
		wait.Go(func() {
			var ids []int32
			count := 0
			for i := core; i < len(list); i += cores {
				ids = t.Encode(ids[:0], list[i])
				count += len(ids)
			}
			counts[core] = count
		})
	}
	wait.Wait()
	total := 0
	for _, n := range counts {
		total += n
	}
	return total
}
