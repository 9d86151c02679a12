package site

import (
	"errors"
	"slices"
	"testing"

	"github.com/effir/effir/wasm/index"
)

func clustersOf(t *testing.T, vectors *index.Vectors) *clustered {
	t.Helper()
	c, err := makeClusters(vectors, func(int) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryRowIsInOneClusterOfBoundedSize(t *testing.T) {
	for _, count := range []int{0, 1, oneCluster, oneCluster + 1, 4000} {
		c := clustersOf(t, testVectors(t, count, 32))
		seen := make([]bool, count)
		for number, group := range c.groups {
			if len(group) == 0 || !slices.IsSorted(group) || len(group) > maxMembers && count > oneCluster {
				t.Errorf("%d rows: cluster %d has %d", count, number, len(group))
			}
			for _, row := range group {
				if seen[row] || int(c.cluster[row]) != number {
					t.Errorf("%d rows: row %d is in cluster %d twice", count, row, number)
				}
				seen[row] = true
			}
		}
		if slices.Contains(seen, false) {
			t.Errorf("%d rows: not all are in a cluster", count)
		}
		if count > 0 && (len(c.groups) == 1) != (count <= oneCluster) {
			t.Errorf("%d rows are in %d clusters", count, len(c.groups))
		}
	}
}

// testVectors has families of 400 rows, whose similarity to their mean is
// 1 / ((1 + 0.9^2) (1 + 0.8^2)) = 0.337. Clusters of 128 must be tighter than that.
func TestClustersHoldSimilarRows(t *testing.T) {
	c := clustersOf(t, testVectors(t, 4000, 64))
	var own, other float64
	for row, number := range c.cluster {
		q := quantised{values: c.all.row(row), scale: c.all.scales[row]}
		own += float64(c.means.similarity(q, int(number)))
		other += float64(c.means.similarity(q, (int(number)+len(c.groups)/2)%len(c.groups)))
	}
	if own/4000 < 0.35 || own < 10*other {
		t.Errorf("mean similarity to the own centroid %.3f, to another %.3f", own/4000, other/4000)
	}
}

// Rows that are all alike, and rows without direction, still end in bounded clusters.
func TestEqualRowsAreDivided(t *testing.T) {
	for name, at := range map[string]func(i int) []float32{
		"equal":      func(int) []float32 { return []float32{0.6, 0.8, 0} },
		"zero":       func(int) []float32 { return []float32{0, 0, 0} },
		"few differ": func(i int) []float32 { return []float32{1, float32(max(i-2950, 0)) / 10, 0} },
	} {
		vectors, err := index.NewVectors(3)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3000 {
			if err := vectors.Append(at(i)); err != nil {
				t.Fatal(err)
			}
		}
		for _, group := range clustersOf(t, vectors).groups {
			if len(group) > maxMembers {
				t.Errorf("%s: a cluster of %d", name, len(group))
			}
		}
	}
}

func TestClusteringCanBeEnded(t *testing.T) {
	stop := errors.New("stop")
	if _, err := makeClusters(testVectors(t, 3000, 8), func(int) error { return stop }); err != stop {
		t.Errorf("error %v", err)
	}
}

func TestNibblesKeepTheDirection(t *testing.T) {
	vectors := testVectors(t, 50, 384)
	for i := range 50 {
		vector := row(vectors, i)
		q := quantiseNibbles(vector)
		back := rows{dims: 384}
		back.append(q.values, q.scale)
		again := make([]float32, 384)
		back.dequantise(0, again)
		normalise(again)
		// Max's table: 16 levels leave 1.15 % of the square, so a cosine of 0.994.
		if cosine := product(vector, again); cosine < 0.99 {
			t.Errorf("row %d: cosine %g after 4 bits", i, cosine)
		}
		for _, x := range q.values {
			if x < -15 || x > 15 || x%2 == 0 {
				t.Fatalf("%d is no odd number from -15 to 15", x)
			}
		}
	}
}
