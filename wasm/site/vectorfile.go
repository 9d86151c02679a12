package site

import (
	"github.com/effir/effir/wasm/index"
)

const (
	vectorMagic = "EFFIRSV1"
	maxClusters = 1 << 16
)

// vectorFile says which cluster every passage is in and what the clusters mean.
type vectorFile struct {
	dims int
	bits int // of each number in a cluster file: 4 or 8
	// within is the mean square of the differences between the similarity of a
	// passage to a query and that of its cluster's centroid.
	within float32
	// reach is, per cluster, how much more similar to a query than the centroid
	// the best member may well be.
	reach     []float32
	centroids rows
	clusters  []clusterRef
	cluster   []uint16 // of each passage
}

type clusterRef struct {
	file    File
	members int
}

func (v *vectorFile) marshal() []byte {
	out := appendNumber([]byte(vectorMagic), v.dims)
	out = appendNumber(appendNumber(out, len(v.cluster)), len(v.clusters))
	out = appendFloat(appendNumber(out, v.bits), v.within)
	for _, reach := range v.reach {
		out = appendFloat(out, reach)
	}
	out = appendRows(out, &v.centroids)
	for _, c := range v.clusters {
		out = appendNumber(appendRef(out, c.file), c.members)
	}
	for _, c := range v.cluster {
		out = append(out, byte(c))
	}
	if len(v.clusters) > 256 {
		for _, c := range v.cluster {
			out = append(out, byte(c>>8))
		}
	}
	return out
}

func parseVectorFile(data []byte, passages int) (*vectorFile, error) {
	r := newReader("vector file", vectorMagic, data)
	v := &vectorFile{dims: r.number("dims", index.MaxDims)}
	if r.number("passages", maxPassages) != passages {
		r.fail("passages", "are not those of the manifest")
	}
	clusters := r.number("clusters", maxClusters)
	if r.err == nil && (v.dims == 0 || (clusters == 0) != (passages == 0)) {
		r.fail("dims or clusters", "are none")
	}
	if v.bits = r.number("bits", 8); r.err == nil && v.bits != 4 && v.bits != 8 {
		r.fail("bits", "are neither 4 nor 8")
	}
	v.within = r.scale("within")
	if clusters > len(r.rest)/(8+refBytes) {
		r.fail("clusters", "are more than the file holds")
	}
	for i := 0; i < clusters && r.err == nil; i++ {
		v.reach = append(v.reach, r.scale("reach"))
	}
	v.centroids = readRows(r, "centroids", clusters, v.dims)
	if r.err != nil {
		return nil, r.err
	}
	total := 0
	for i := 0; i < clusters && r.err == nil; i++ {
		c := clusterRef{file: r.ref("clusters", maxRaw), members: r.number("members", passages-total)}
		v.clusters = append(v.clusters, c)
		total += c.members
	}
	v.readClusterNumbers(r, passages)
	if err := r.end(); err != nil {
		return nil, err
	}
	return v, nil
}

// readClusterNumbers reads each passage's cluster and counts the members.
func (v *vectorFile) readClusterNumbers(r *reader, passages int) {
	low := r.take("cluster numbers", passages)
	var high []byte
	if len(v.clusters) > 256 {
		high = r.take("cluster numbers", passages)
	}
	if r.err != nil {
		return
	}
	v.cluster = make([]uint16, passages)
	counted := make([]int, len(v.clusters))
	for passage := range v.cluster {
		c := int(low[passage])
		if high != nil {
			c |= int(high[passage]) << 8
		}
		if c >= len(v.clusters) {
			r.fail("cluster numbers", "are out of range")
			return
		}
		v.cluster[passage] = uint16(c)
		counted[c]++
	}
	for c, n := range counted {
		if n != v.clusters[c].members {
			r.fail("members", "are not those of the cluster numbers")
			return
		}
	}
}
