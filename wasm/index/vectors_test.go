package index

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestQuantiseEqualsNumPy(t *testing.T) {
	var golden []struct {
		Vector []float32
		Scale  float32
		Q      []int8
	}
	readJSON(t, "testdata/quantise.json", &golden)
	if len(golden) == 0 {
		t.Fatal("no cases")
	}
	for i, c := range golden {
		q, scale, err := Quantise(c.Vector)
		if err != nil || scale != c.Scale || !slices.Equal(q, c.Q) {
			t.Errorf("case %d: scale %g, want %g; q equal: %v; error %v", i, scale, c.Scale, slices.Equal(q, c.Q), err)
		}
	}
}

func TestQuantiseStaysInRange(t *testing.T) {
	for _, x := range []float32{math.SmallestNonzeroFloat32, 190 * math.SmallestNonzeroFloat32, 1e-38, 1, maxMagnitude} {
		q, scale, err := Quantise([]float32{x, -x, x / 2})
		if err != nil || !(scale >= 0) || slices.Min(q) < -127 {
			t.Errorf("%g: q %v, scale %g, error %v", x, q, scale, err)
		}
	}
}

func TestQuantiseRefusesNumbersThatAreNone(t *testing.T) {
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 2e9, -2e9} {
		if _, _, err := Quantise([]float32{1, float32(x)}); err == nil {
			t.Errorf("%g was accepted", x)
		}
	}
}

// randomVectors returns count rows of length 1.
func randomVectors(t testing.TB, count, dims int) (*Vectors, [][]float32) {
	t.Helper()
	random := rand.New(rand.NewPCG(8, 9))
	vectors, err := NewVectors(dims)
	if err != nil {
		t.Fatal(err)
	}
	rows := make([][]float32, count)
	for i := range rows {
		row := make([]float32, dims)
		var sum float64
		for j := range row {
			row[j] = float32(random.NormFloat64())
			sum += float64(row[j]) * float64(row[j])
		}
		for j := range row {
			row[j] /= float32(math.Sqrt(sum))
		}
		if err := vectors.Append(row); err != nil {
			t.Fatal(err)
		}
		rows[i] = row
	}
	return vectors, rows
}

func TestVectorSearchFindsTheNearest(t *testing.T) {
	vectors, rows := randomVectors(t, 500, 96)
	for _, target := range []int{0, 17, 499} {
		found, err := vectors.Search(NewScanner(vectors), rows[target], 10)
		if err != nil {
			t.Fatal(err)
		}
		if found[0].Doc != target || math.Abs(float64(found[0].Score)-1) > 0.01 {
			t.Errorf("nearest to row %d is %v", target, found[0])
		}
		if !slices.IsSortedFunc(found, CompareMatches) || len(found) != 10 {
			t.Errorf("matches %v are not 10 in order", found)
		}
		for _, m := range found {
			var cosine float64
			for j, x := range rows[target] {
				cosine += float64(x) * float64(rows[m.Doc][j])
			}
			if math.Abs(cosine-float64(m.Score)) > 0.01 {
				t.Errorf("row %d: score %g, cosine %g", m.Doc, m.Score, cosine)
			}
		}
	}
}

func TestVectorSearchOrdersTies(t *testing.T) {
	vectors, err := NewVectors(4)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []float32{0, 1, 0.5, 1, -1, 1} {
		if err := vectors.Append([]float32{x, 0, 0, 0}); err != nil {
			t.Fatal(err)
		}
	}
	for limit, want := range map[int][]int{0: {}, 1: {1}, 2: {1, 3}, 4: {1, 3, 5, 2}, 9: {1, 3, 5, 2, 0, 4}} {
		found, err := vectors.Search(NewScanner(vectors), []float32{2, 0, 0, 0}, limit)
		got := []int{}
		for _, m := range found {
			got = append(got, m.Doc)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("limit %d: %v, want %v (%v)", limit, got, want, err)
		}
	}
}

func TestScanIsExactAtTheLimits(t *testing.T) {
	rows := make([]int8, 2*MaxDims)
	for i := range rows {
		rows[i] = 127
		if i >= MaxDims {
			rows[i] = -127
		}
	}
	vectors := &Vectors{dims: MaxDims, scales: []float32{1, 1}, rows: rows}
	out := make([]float32, 2)
	if err := NewScanner(vectors).Scan(rows[:MaxDims], 1, out, nil); err != nil {
		t.Fatal(err)
	}
	if want := float32(MaxDims * 127 * 127); out[0] != want || out[1] != -want {
		t.Errorf("dot products %v, want ±%g", out, want)
	}
}

func TestWrongDimensionsAreRefused(t *testing.T) {
	vectors, _ := randomVectors(t, 3, 8)
	if err := vectors.Append(make([]float32, 7)); err == nil {
		t.Error("Append took 7 numbers for 8")
	}
	if _, err := vectors.Search(NewScanner(vectors), make([]float32, 9), 1); err == nil || !strings.Contains(err.Error(), "model") {
		t.Errorf("error %v does not name the remedy", err)
	}
	if err := NewScanner(vectors).Scan(make([]int8, 8), 1, make([]float32, 2), nil); err == nil {
		t.Error("Scan took an output that is too short")
	}
	for _, dims := range []int{-1, 0, MaxDims + 1} {
		if _, err := NewVectors(dims); err == nil {
			t.Errorf("NewVectors took %d dimensions", dims)
		}
	}
}

func validVectors(t testing.TB) []byte {
	t.Helper()
	vectors, _ := randomVectors(t, 5, 6)
	data, err := vectors.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestVectorsRoundTrip(t *testing.T) {
	want, rows := randomVectors(t, 5, 6)
	got, err := ParseVectors(validVectors(t))
	if err != nil {
		t.Fatal(err)
	}
	if got.Dims() != 6 || got.Len() != 5 || !slices.Equal(got.Rows(), want.Rows()) || !slices.Equal(got.scales, want.scales) {
		t.Error("parsed vectors differ from those written")
	}
	q, scale, err := Quantise(rows[3])
	if err != nil || !slices.Equal(got.Rows()[18:24], q) || got.Scale(3) != scale {
		t.Error("row 3 is not the quantised vector")
	}
}

func TestParseVectorsRefuses(t *testing.T) {
	data := validVectors(t)
	for n := range data {
		if _, err := ParseVectors(data[:n:n]); err == nil {
			t.Fatalf("the first %d of %d bytes were accepted", n, len(data))
		}
	}
	put := func(at int, x uint32) func([]byte) {
		return func(b []byte) { binary.LittleEndian.PutUint32(b[at:], x) }
	}
	for name, change := range map[string]func([]byte){
		"no dims":        put(8, 0),
		"huge dims":      put(8, 0xFFFFFFFF),
		"huge count":     put(12, 0xFFFFFFFF),
		"NaN scale":      put(16, math.Float32bits(float32(math.NaN()))),
		"negative scale": put(16, math.Float32bits(-1)),
		"infinite scale": put(16, math.Float32bits(float32(math.Inf(1)))),
		"-128":           func(b []byte) { b[len(b)-1] = 0x80 },
	} {
		changed := slices.Clone(data)
		change(changed)
		if _, err := ParseVectors(changed); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzParseVectors(f *testing.F) {
	f.Add(validVectors(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		vectors, err := ParseVectors(data)
		if err != nil {
			return
		}
		query := make([]float32, vectors.Dims())
		query[0] = 1
		found, err := vectors.Search(NewScanner(vectors), query, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range found {
			if m.Doc < 0 || m.Doc >= vectors.Len() || m.Score != m.Score {
				t.Fatalf("match %v", m)
			}
		}
		if again, err := vectors.MarshalBinary(); err != nil || !slices.Equal(again, data) {
			t.Fatalf("accepted bytes are not what the writer gives (%v)", err)
		}
	})
}
