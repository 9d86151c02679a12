package encoder

import (
	"fmt"
	"slices"
)

// Option changes a default of [New].
type Option func(*options)

type options struct {
	buckets     []int // ascending
	batchTokens int
	progress    func(done, total int)
	skip        int
	residual    bool
	asPooled    bool
}

// WithBuckets sets the padded lengths in tokens; default 32, 128 and 512. Fewer
// mean fewer compilations, more mean less padding.
func WithBuckets(lengths ...int) Option {
	return func(o *options) { o.buckets = slices.Clone(lengths) }
}

// WithBatchTokens sets how many tokens, padding included, run at once; default
// 1024, where two cores are busy and a single short query is not slow. A bucket
// longer than that runs one text at a time.
func WithBatchTokens(n int) Option {
	return func(o *options) { o.batchTokens = n }
}

// WithProgress has report called after each batch with the number of texts
// embedded so far and of all texts of the call; default none. Concurrent calls
// of Embed report concurrently.
func WithProgress(report func(done, total int)) Option {
	return func(o *options) { o.progress = report }
}

// WithSkip leaves the first n tokens of every text out of pooling; default 0.
func WithSkip(n int) Option {
	return func(o *options) { o.skip = n }
}

// WithoutFinalNorm pools the last residual stream as it is, as packages do that
// hold only the first layers of a model; default is to pool what the final norm
// makes of it.
func WithoutFinalNorm() Option {
	return func(o *options) { o.residual = true }
}

// WithoutNormalizing returns the pooled states as they are, for a head that
// follows; default is to divide each by its Euclidean length.
func WithoutNormalizing() Option {
	return func(o *options) { o.asPooled = true }
}

func newOptions(opts []Option) (options, error) {
	o := options{buckets: []int{32, 128, 512}, batchTokens: 1024}
	for _, opt := range opts {
		opt(&o)
	}
	slices.Sort(o.buckets)
	o.buckets = slices.Compact(o.buckets)
	if len(o.buckets) == 0 || o.buckets[0] < 1 {
		return options{}, fmt.Errorf("encoder: buckets %v, want one or more positive lengths", o.buckets)
	}
	if o.batchTokens < 1 {
		return options{}, fmt.Errorf("encoder: %d tokens per batch, want 1 or more", o.batchTokens)
	}
	if o.skip < 0 {
		return options{}, fmt.Errorf("encoder: skip %d tokens, want 0 or more", o.skip)
	}
	return o, nil
}
