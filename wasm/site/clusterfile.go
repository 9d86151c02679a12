package site

import "math"

const clusterMagic = "EFFIRSW1"

// cluster holds passages that mean similar things, as the differences of their
// vectors to the cluster's centroid.
type cluster struct {
	passages    []uint32 // ascending
	differences rows
}

// marshal stores the differences, which are rows of int8, or of the odd numbers
// from -15 to 15 if bits is 4.
func (c *cluster) marshal(bits int) []byte {
	out := appendNumber([]byte(clusterMagic), len(c.passages))
	next := uint32(0)
	for _, passage := range c.passages {
		out = appendNumber(out, int(passage-next))
		next = passage + 1
	}
	if bits == 8 {
		return appendRows(out, &c.differences)
	}
	for _, scale := range c.differences.scales {
		out = appendFloat(out, scale)
	}
	for i := range c.passages {
		row := c.differences.row(i)
		for j := 0; j < len(row); j += 2 {
			pair := byte(row[j]+15) >> 1
			if j+1 < len(row) {
				pair |= byte(row[j+1]+15) >> 1 << 4
			}
			out = append(out, pair)
		}
	}
	return out
}

// parseCluster reads cluster number n of v.
func parseCluster(data []byte, v *vectorFile, n int) (*cluster, error) {
	r := newReader("cluster file", clusterMagic, data)
	if r.count("members", 5+v.dims*v.bits/8, maxPassages) != v.clusters[n].members {
		r.fail("members", "are not those of the vector file")
	}
	if r.err != nil {
		return nil, r.err
	}
	c := &cluster{passages: make([]uint32, v.clusters[n].members)}
	next := 0
	for i := range c.passages {
		passage := next + r.number("passages", len(v.cluster))
		if r.err == nil && (passage >= len(v.cluster) || int(v.cluster[passage]) != n) {
			r.fail("passages", "are not those of the vector file")
		}
		c.passages[i] = uint32(passage)
		next = passage + 1
	}
	if v.bits == 8 {
		c.differences = readRows(r, "differences", len(c.passages), v.dims)
	} else {
		c.differences = readNibbles(r, "differences", len(c.passages), v.dims)
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return c, nil
}

// readNibbles is readRows for 4 bits.
func readNibbles(r *reader, field string, count, dims int) rows {
	width := (dims + 1) / 2
	if int64(count)*(4+int64(width)) > int64(len(r.rest)) {
		r.fail(field, "are more than the file holds")
		return rows{dims: dims}
	}
	m := rows{dims: dims, scales: make([]float32, count), values: make([]int8, 0, count*dims)}
	for i := range m.scales {
		m.scales[i] = r.scale(field)
	}
	for range count {
		pairs := r.take(field, width)
		if r.err != nil {
			return rows{dims: dims}
		}
		for j := range dims {
			m.values = append(m.values, int8(pairs[j/2]>>(j%2*4)&15)*2-15)
		}
		if dims%2 == 1 && pairs[width-1]>>4 != 0 {
			r.fail(field, "have numbers beyond the dimensions")
		}
	}
	return m
}

// nibbleStep is the step between neighbours of 16 evenly spaced numbers that stand
// for a normally distributed one of deviation 1 with the least square error (Max,
// Quantizing for Minimum Distortion, 1960).
const nibbleStep = 0.3352

// quantiseNibbles returns vector as odd numbers from -15 to 15 and their scale.
func quantiseNibbles(vector []float32) quantised {
	deviation := float64(norm(vector)) / math.Sqrt(float64(len(vector)))
	q := quantised{values: make([]int8, len(vector)), scale: float32(nibbleStep / 2 * deviation)}
	for i, x := range vector {
		q.values[i] = -15
		if q.scale > 0 {
			n := math.Floor(float64(x/q.scale) / 2)
			q.values[i] = int8(2*min(max(n, -8), 7) + 1)
		}
	}
	return q
}
