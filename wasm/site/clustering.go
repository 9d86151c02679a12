package site

import (
	"math"
	"runtime"
	"slices"
	"sync"
)

const (
	// oneCluster is the number of passages up to which there is one cluster:
	// all their vectors are read, and the search by meaning is exhaustive.
	oneCluster = 1024
	// clusterMembers is the mean size that is aimed at and maxMembers the
	// largest: a query reads whole clusters within a budget of bytes. Clusters
	// of 96 to 144 find equally much within it; smaller ones need more centroids
	// and more requests.
	clusterMembers = 128
	maxMembers     = 192
	// kmeansRounds ends a k-means that has not become stable before.
	kmeansRounds = 12
	// maxDepth ends dividing where many rows are alike and leave one by one.
	maxDepth = 16
	// maxParts is the largest number of parts that one k-means makes directly;
	// more are made by dividing parts again, which is quicker and hardly worse.
	maxParts = 24
	// partSample passages per part are enough to find a part's direction.
	partSample = 256
)

// clusters divides the rows of m into groups of similar ones. Each group lists
// its rows in ascending order; similar groups are neighbours. step is called with
// the size of every group found and ends the work by an error.
func clusters(m *rows, step func(rows int) error) ([][]uint32, error) {
	all := make([]uint32, len(m.scales))
	for i := range all {
		all[i] = uint32(i)
	}
	if len(all) > oneCluster {
		return divide(m, all, 0, step)
	}
	if len(all) == 0 {
		return nil, nil
	}
	return [][]uint32{all}, step(len(all))
}

// divide splits members until no group is larger than maxMembers.
func divide(m *rows, members []uint32, depth int, step func(rows int) error) ([][]uint32, error) {
	if len(members) <= maxMembers {
		return [][]uint32{members}, step(len(members))
	}
	if depth == maxDepth {
		return slices.Collect(slices.Chunk(members, clusterMembers)), step(len(members))
	}
	parts := (len(members) + clusterMembers - 1) / clusterMembers
	if parts > maxParts {
		parts = int(math.Round(math.Sqrt(float64(parts))))
	}
	var groups [][]uint32
	for _, part := range kmeans(m, members, parts) {
		if len(part) == 0 {
			continue
		}
		more, err := divide(m, part, depth+1, step)
		if err != nil {
			return nil, err
		}
		groups = append(groups, more...)
	}
	return groups, nil
}

// kmeans divides members into at most parts groups by spherical k-means (Dhillon
// and Modha, Concept Decompositions for Large Sparse Text Data using Clustering,
// 2001), seeded by evenly spaced members, which are unlike each other where
// neighbours are alike. Large inputs learn the directions from an even sample.
func kmeans(m *rows, members []uint32, parts int) [][]uint32 {
	sample := evenly(members, partSample*parts)
	directions := make([]float32, parts*m.dims)
	for part := range parts {
		direction := directions[part*m.dims:][:m.dims]
		m.dequantise(int(sample[part*len(sample)/parts]), direction)
		normalise(direction)
	}
	nearest := make([]int32, len(sample))
	for round := range kmeansRounds {
		changed, similarity := assign(m, sample, directions, nearest)
		if round > 0 && changed == 0 {
			break
		}
		improve(m, sample, directions, nearest, similarity)
	}
	nearest = make([]int32, len(members))
	assign(m, members, directions, nearest)
	groups := make([][]uint32, parts)
	for i, part := range nearest {
		groups[part] = append(groups[part], members[i])
	}
	return groups
}

// evenly returns at most most of list, evenly spaced.
func evenly(list []uint32, most int) []uint32 {
	if len(list) <= most {
		return list
	}
	chosen := make([]uint32, most)
	for i := range chosen {
		chosen[i] = list[i*len(list)/most]
	}
	return chosen
}

// assign sets nearest[i] to the direction most similar to members[i] (the lower
// number among equal ones) and returns how many changed and the similarities.
// Rows are independent, so any number of goroutines gives the same bits.
func assign(m *rows, members []uint32, directions []float32, nearest []int32) (changed int, similarity []float32) {
	similarity = make([]float32, len(members))
	workers := runtime.GOMAXPROCS(0)
	changes := make([]int, workers)
	var wait sync.WaitGroup
	for worker := range workers {
		wait.Go(func() {
			row := make([]float32, m.dims)
			from, to := worker*len(members)/workers, (worker+1)*len(members)/workers
			for i := from; i < to; i++ {
				m.dequantise(int(members[i]), row)
				part, best := mostSimilar(row, directions)
				if part != nearest[i] {
					nearest[i] = part
					changes[worker]++
				}
				similarity[i] = best
			}
		})
	}
	wait.Wait()
	for _, n := range changes {
		changed += n
	}
	return changed, similarity
}

func mostSimilar(row, directions []float32) (part int32, best float32) {
	best = float32(math.Inf(-1))
	for at := 0; at < len(directions); at += len(row) {
		if s := product(row, directions[at:at+len(row)]); s > best {
			part, best = int32(at/len(row)), s
		}
	}
	return part, best
}

// product is the dot product in float32: four sums over every fourth number, the
// numbers after the last multiple of four in the first, added as (0+1)+(2+3).
func product(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += float32(a[i] * b[i])
		s1 += float32(a[i+1] * b[i+1])
		s2 += float32(a[i+2] * b[i+2])
		s3 += float32(a[i+3] * b[i+3])
	}
	for ; i < len(a); i++ {
		s0 += float32(a[i] * b[i])
	}
	return float32(s0+s1) + float32(s2+s3)
}

// improve sets every direction to that of the sum of its members, in order. A
// part without members takes the member that fits worst where it is.
func improve(m *rows, members []uint32, directions []float32, nearest []int32, similarity []float32) {
	clear(directions)
	sizes := make([]int, len(directions)/m.dims)
	row := make([]float32, m.dims)
	for i, member := range members {
		m.dequantise(int(member), row)
		sum := directions[int(nearest[i])*m.dims:][:m.dims]
		for j, x := range row {
			sum[j] += x
		}
		sizes[nearest[i]]++
	}
	for part, size := range sizes {
		direction := directions[part*m.dims:][:m.dims]
		if size == 0 {
			worst := 0
			for i, s := range similarity {
				if s < similarity[worst] {
					worst = i
				}
			}
			similarity[worst] = float32(math.Inf(1)) // taken
			m.dequantise(int(members[worst]), direction)
		}
		normalise(direction)
	}
}

// normalise scales a vector to length 1; zeros stay.
func normalise(vector []float32) {
	length := norm(vector)
	if length == 0 {
		return
	}
	for i, x := range vector {
		vector[i] = x / length
	}
}
