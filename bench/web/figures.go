package main

import (
	"context"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/effir/effir/bench/measure"
	"github.com/effir/effir/toolchain/results"
)

// part is what a file is loaded for.
type part string

const (
	indexPart   part = "index"   // scripts, pages, index files
	runtimePart part = "runtime" // what runs the model
	modelPart   part = "model"
)

// partOf sorts a file of the server.
func partOf(name string) part {
	switch {
	case strings.HasPrefix(name, "effir/model/"), strings.HasPrefix(name, "models/"):
		return modelPart
	case strings.HasPrefix(name, "effir/") && path.Ext(name) == ".wasm", strings.HasPrefix(name, "npm/"):
		return runtimePart
	}
	return indexPart
}

// sizes are the bytes that first visits load until their answer, medians over the visited questions.
type sizes map[string]map[mode]map[coding]map[part]float64 // by system

// weigh computes the sizes of what visits asked for.
func (b *bench) weigh(ctx context.Context) (sizes, error) {
	all := sizes{}
	for _, s := range systems {
		all[s.name] = map[mode]map[coding]map[part]float64{}
		for _, m := range s.modes {
			all[s.name][m] = map[coding]map[part]float64{}
			for _, how := range []coding{plainCoding, gzipCoding, brotliCoding} {
				loads := map[part]*measure.Series{indexPart: {}, runtimePart: {}, modelPart: {}}
				for _, l := range b.outcome.loads {
					if l.system != s.name || l.mode != m {
						continue
					}
					sums := map[part]float64{}
					for _, r := range l.requests {
						n, err := b.bytes(ctx, r, how)
						if err != nil {
							return nil, err
						}
						sums[partOf(r.name)] += n
					}
					for p := range loads {
						loads[p].Values = append(loads[p].Values, sums[p])
					}
				}
				all[s.name][m][how] = map[part]float64{}
				for p, series := range loads {
					all[s.name][m][how][p] = series.Median()
				}
			}
		}
	}
	return all, nil
}

// bytes returns the length of an answer's body in a coding.
func (b *bench) bytes(ctx context.Context, r request, how coding) (float64, error) {
	if r.part > 0 {
		return float64(r.part), nil
	}
	content, err := b.server.open(r.name)
	if err != nil {
		return 0, err
	}
	if compressible[path.Ext(r.name)] != "" {
		if content, err = b.server.packer.pack(ctx, how, content); err != nil {
			return 0, err
		}
	}
	return float64(len(content)), nil
}

// wholeModel returns the bytes of our whole model package, of which an answer needs a part.
func (b *bench) wholeModel(ctx context.Context) (float64, error) {
	total := 0.0
	root := filepath.Join(b.work, effir, "model")
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		n, err := b.bytes(ctx, request{name: "effir/model/" + name}, brotliCoding)
		total += n
		return err
	})
	return total, err
}

// most returns what the question that needs most loads of our index: by keyword with scripts and page,
// and by meaning besides.
func (b *bench) most() (keywordBytes, extra float64) {
	var keywords, extras []float64
	for _, x := range b.outcome.budgets {
		keywords = append(keywords, float64(x.keyword))
		extras = append(extras, float64(x.both-x.keyword))
	}
	return largest(keywords), largest(extras)
}

// next returns what questions read of our index behind another one, by keyword and by both: its scripts,
// the runtime and the model are there by then.
func (b *bench) next() map[mode]measure.Series {
	words, both := measure.Series{}, measure.Series{}
	for _, x := range b.outcome.budgets {
		words.Values = append(words.Values, float64(x.nextKeyword))
		both.Values = append(both.Values, float64(x.nextBoth))
	}
	return map[mode]measure.Series{keyword: words, semantic: both}
}

func largest(values []float64) float64 {
	most := math.NaN()
	for _, x := range values {
		if math.IsNaN(most) || x > most {
			most = x
		}
	}
	return most
}

// figures are the named numbers of the results file.
func (b *bench) figures(ctx context.Context) (results.Figures, map[string]string, error) {
	ours := b.sizes[effir]
	f := results.Figures{}
	for how, suffix := range map[coding]string{brotliCoding: "", gzipCoding: "_gzip", plainCoding: "_uncompressed"} {
		f["keyword_query_bytes_10k"+suffix] = ours[keyword][how][indexPart]
		for _, peer := range []string{pagefind, orama} {
			f[peer+"_keyword_query_bytes_10k"+suffix] = b.sizes[peer][keyword][how][indexPart]
		}
		f["transformersjs_semantic_query_bytes_10k"+suffix] = b.sizes[transformersjs][semantic][how][indexPart]
	}
	f["semantic_query_extra_bytes_10k"] = ours[semantic][brotliCoding][indexPart] - ours[keyword][brotliCoding][indexPart]
	f["semantic_query_extra_with_runtime_bytes_10k"] = f["semantic_query_extra_bytes_10k"] + ours[semantic][brotliCoding][runtimePart]
	f["semantic_runtime_bytes"] = ours[semantic][brotliCoding][runtimePart]
	f["transformersjs_runtime_bytes"] = b.sizes[transformersjs][semantic][brotliCoding][runtimePart]
	f["transformersjs_model_bytes"] = b.sizes[transformersjs][semantic][brotliCoding][modelPart]
	var err error
	if f["semantic_model_bytes"], err = b.wholeModel(ctx); err != nil {
		return nil, nil, err
	}
	keywordIndex, extra := b.most()
	scripts := b.scripts()
	next := b.next()
	f["next_keyword_query_bytes_10k"], f["next_semantic_query_bytes_10k"] = next[keyword].Median(), next[semantic].Median()
	f["next_keyword_query_bytes_10k_most"], f["next_semantic_query_bytes_10k_most"] = largest(next[keyword].Values), largest(next[semantic].Values)
	f["effir_rebuild_seconds_10k"], f["effir_rebuild_cpu_seconds_10k"] = math.NaN(), math.NaN()
	if x := b.indexes[effir].Rebuild; x != nil {
		f["effir_rebuild_seconds_10k"], f["effir_rebuild_cpu_seconds_10k"] = x.Seconds, x.CPU
	}
	f["keyword_query_bytes_10k_most"], f["semantic_query_extra_bytes_10k_most"] = scripts+keywordIndex, extra
	for _, s := range systems {
		for _, m := range s.modes {
			prefix := ""
			if s.name != effir {
				prefix = s.name + "_"
			}
			f[fmt.Sprintf("%sfirst_%s_result_ms", prefix, m)] = b.series(firstSeries(s, m)).Median()
			f[fmt.Sprintf("%sfirst_%s_result_slow_link_ms", prefix, m)] = b.series(firstSlowSeries(s, m)).Median()
			f[fmt.Sprintf("%s%s_bytes_before_result", prefix, m)] = b.series(sentSeries(s, m)).Median()
			ranking := s.ranking(m)
			for _, kind := range append([]string{""}, types...) {
				q, suffix := b.average(ranking, kind), ""
				if kind != "" {
					suffix = "_" + kind
				}
				f[ranking+"_ndcg10"+suffix] = q.NDCG
				if kind == "" {
					f[ranking+"_mrr10"], f[ranking+"_recall10"] = q.MRR, q.Recall
				}
			}
		}
		x := b.indexes[s.name]
		if x.Keyword != nil {
			f[s.name+"_keyword_index_seconds"], f[s.name+"_keyword_index_bytes"] = x.Keyword.Seconds, float64(x.Keyword.Bytes)
			f[s.name+"_keyword_index_cpu_seconds"] = x.Keyword.CPU
		}
		if x.Whole != nil {
			f[s.name+"_index_seconds"], f[s.name+"_index_bytes"] = x.Whole.Seconds, float64(x.Whole.Bytes)
			f[s.name+"_index_cpu_seconds"] = x.Whole.CPU
		}
	}
	missing := map[string]string{}
	for name, x := range f {
		switch {
		case strings.Contains(name, "_10k") && b.corpus.Pages != 10_000:
			missing[name] = fmt.Sprintf("the site had %d pages", b.corpus.Pages)
		case math.IsNaN(x):
			missing[name] = "was not measured in this run"
		}
	}
	return f, missing, nil
}

// scripts are the bytes of our page, scripts and everything else that is no part of the index.
func (b *bench) scripts() float64 {
	for _, l := range b.outcome.loads {
		if l.system != effir || l.mode != keyword {
			continue
		}
		total := 0.0
		for _, r := range l.requests {
			if within, ok := strings.CutPrefix(r.name, "effir/"); ok && isBundle(within) {
				continue
			}
			n, err := b.bytes(context.Background(), r, brotliCoding)
			if err != nil {
				return math.NaN()
			}
			total += n
		}
		return total
	}
	return math.NaN()
}

func (b *bench) series(name string) measure.Series { return measure.Find(b.outcome.series, name) }
