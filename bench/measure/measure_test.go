package measure

import (
	"context"
	"errors"
	"flag"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/effir/effir/toolchain/results"
)

func TestRoundsInterleavesAndRotates(t *testing.T) {
	var order []string
	cases := func(every int) []Case {
		var cs []Case
		for _, name := range []string{"a", "b", "c"} {
			cs = append(cs, Case{Name: name, Unit: "ms", Run: func(context.Context) (float64, error) {
				order = append(order, name)
				return float64(len(order)), nil
			}})
		}
		cs[2].Every = every
		return cs
	}
	var told []int
	series, err := Rounds(t.Context(), cases(2), 3, func(done, total int) { told = append(told, total-done) })
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(order, ""), "abc"+"ba"+"cab"; got != want {
		t.Errorf("order %s, want %s", got, want)
	}
	if want := []int{7, 6, 5, 4, 3, 2, 1, 0}; !slices.Equal(told, want) {
		t.Errorf("runs left %v, want %v", told, want)
	}
	if want := []float64{1, 5, 7}; !slices.Equal(series[0].Values, want) {
		t.Errorf("a: %v, want %v", series[0].Values, want)
	}
	if want := []float64{3, 6}; !slices.Equal(series[2].Values, want) {
		t.Errorf("c: %v, want %v", series[2].Values, want)
	}
}

func TestRoundsReturnsWhatItHas(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	runs := 0
	once := Case{Name: "once", Run: func(context.Context) (float64, error) {
		if runs++; runs == 3 {
			cancel()
		}
		return 1, nil
	}}
	series, err := Rounds(ctx, []Case{once}, 9, nil)
	if !errors.Is(err, context.Canceled) || len(series[0].Values) != 3 {
		t.Errorf("got %v values and %v, want 3 and the cancellation", series[0].Values, err)
	}

	broken := errors.New("broken")
	fails := Case{Name: "peer, 16 tokens", Run: func(context.Context) (float64, error) { return 0, broken }}
	if _, err := Rounds(t.Context(), []Case{fails}, 1, nil); !errors.Is(err, broken) || !strings.Contains(err.Error(), "peer, 16 tokens") {
		t.Errorf("error %v does not name the case and its cause", err)
	}
}

func TestStatistics(t *testing.T) {
	for _, c := range []struct {
		values                []float64
		median, spread, least float64
	}{
		{[]float64{3}, 3, 0, 3},
		{[]float64{4, 1, 2, 100, 3}, 3, 1, 1},
		{[]float64{1, 2, 3, 10}, 2.5, 1, 1},
		{nil, math.NaN(), math.NaN(), math.NaN()},
	} {
		s := Series{Values: c.values}
		for name, x := range map[string][2]float64{
			"median": {s.Median(), c.median}, "spread": {s.Spread(), c.spread}, "least": {s.Least(), c.least},
		} {
			if x[0] != x[1] && !(math.IsNaN(x[0]) && math.IsNaN(x[1])) {
				t.Errorf("%s of %v is %g, want %g", name, c.values, x[0], x[1])
			}
		}
	}
	ratio, spread := Ratio(Series{Values: []float64{9, 10, 11}}, Series{Values: []float64{4, 5, 6}})
	if want := 2 * math.Sqrt(0.01+0.04); ratio != 2 || math.Abs(spread-want) > 1e-12 {
		t.Errorf("ratio %g ± %g, want 2 ± %g", ratio, spread, want)
	}
}

func TestWriteThenRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "bench.json")
	_, err := Write(path,
		results.Figures{"a_vs_b": 2.0000049, "lost": math.NaN()}, map[string]string{"lost": "no browser"},
		map[string]string{"b": "1.2"},
		[]Series{{"a 16", "ms", []float64{1, 2, 3}}, {"empty", "ms", nil}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if got.Figures["a_vs_b"] != 2 || !math.IsNaN(got.Figures["lost"]) || got.Missing["lost"] != "no browser" || got.Systems["b"] != "1.2" || got.Machine == "" {
		t.Errorf("read %+v", got)
	}
	if want := (Summary{"a 16", "ms", 2, 1, 1, 3}); len(got.Series) != 1 || got.Series[0] != want {
		t.Errorf("series %+v, want only %+v", got.Series, want)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(left) != 1 {
		t.Errorf("files %v, want only the record", left)
	}
}

func TestTrialsLeaveResultsAlone(t *testing.T) {
	parse := func(args ...string) (o Options) {
		t.Helper()
		flags := flag.NewFlagSet("", flag.ContinueOnError)
		o.Register(flags, 20, "docs/results/bench.json", "docs/bench/bench.html")
		if err := flags.Parse(args); err != nil {
			t.Fatal(err)
		}
		if err := o.Check(); err != nil {
			t.Fatal(err)
		}
		return o
	}
	if o := parse(); o.Rounds != 20 || o.Results != "docs/results/bench.json" || o.Report != "docs/bench/bench.html" {
		t.Errorf("without flags: %+v", o)
	}
	if o := parse("--quick"); o.Rounds != 2 || o.Results != filepath.Join(trialFolder, "bench.json") || o.Report != filepath.Join(trialFolder, "bench.html") {
		t.Errorf("a trial: %+v", o)
	}
	if o := parse("--quick", "--results", "x.json"); o.Results != "x.json" {
		t.Errorf("a trial with a file of its own: %+v", o)
	}
	o := Options{Rounds: 0}
	if err := o.Check(); err == nil || !strings.Contains(err.Error(), "--rounds") {
		t.Errorf("no rounds: %v", err)
	}
}
