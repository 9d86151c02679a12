package encoder

import "github.com/effir/effir/wasm/kernel"

// pass is one run of a network over a batch. The rows of all sequences lie one
// behind the other, without padding; sequences share every product, and only
// attention and positions see them apart.
type pass struct {
	kernel.Kernels
	plan
	at scratch
}

// row returns where a row of the residual stream lies.
func (p *pass) row(i int) kernel.Ptr { return p.at.x.Add(4 * i * p.hidden) }

// run leaves the last hidden states in at.x. Where the vector of a sequence is the
// state of one token, the others' are not computed beyond the last attention,
// after which nothing depends on them.
func (p *pass) run(n network, lengths []int) {
	rows, last := 0, len(p.attention)-1
	for _, length := range lengths {
		for first := 0; first < length; first += chunkRows {
			at := rows + first
			n.start(p, p.row(at), p.at.ids.Add(4*at), first, min(chunkRows, length-first))
		}
		rows += length
	}
	for layer, attention := range p.attention {
		if attention {
			p.attend(n, layer, lengths)
		}
		p.each(layer == last, rows, lengths, func(first, count int) {
			x := p.row(first)
			if !attention {
				n.skip(p, layer, x, count)
			}
			n.feed(p, layer, x, count)
		})
	}
	p.each(true, rows, lengths, func(first, count int) { n.finish(p, p.row(first), count) })
}

// each calls f for runs of the rows that sequences of these lengths take: for all
// of them in chunks, or, in the last layer of a network of which one state a
// sequence is read, for those rows alone.
func (p *pass) each(last bool, rows int, lengths []int, f func(first, count int)) {
	if !last || p.reads == allStates {
		for first := 0; first < rows; first += chunkRows {
			f(first, min(chunkRows, rows-first))
		}
		return
	}
	start := 0
	for _, length := range lengths {
		if p.reads == lastState {
			f(start+length-1, 1)
		} else {
			f(start, 1)
		}
		start += length
	}
}

// attend runs attention over groups of whole sequences, as many at a time as
// at.qkv has room for.
func (p *pass) attend(n network, layer int, lengths []int) {
	row := 0
	for len(lengths) > 0 {
		count, rows := 0, 0
		for count < len(lengths) && (count == 0 || rows+lengths[count] <= p.maxTokens) {
			rows += lengths[count]
			count++
		}
		p.attendGroup(n, layer, row, rows, lengths[:count])
		row, lengths = row+rows, lengths[count:]
	}
}

// attendGroup runs attention over the sequences that begin at row and take rows.
func (p *pass) attendGroup(n network, layer, row, rows int, lengths []int) {
	stride, inner := p.qkv(), p.heads*p.headDim
	for first := 0; first < rows; first += chunkRows {
		n.project(p, layer, p.at.qkv.Add(4*first*stride), p.row(row+first), min(chunkRows, rows-first))
	}
	first := 0
	for _, length := range lengths {
		qkv, out := p.at.qkv.Add(4*first*stride), p.at.context.Add(4*first*inner)
		if p.rope != 0 {
			p.RoPE(qkv, p.rope, length, p.heads+p.kvHeads, p.headDim, stride)
		}
		p.Attention(out, qkv, p.at.scores, length, p.heads, p.kvHeads, p.headDim, p.scale, p.causal)
		first += length
	}
	p.each(layer == len(p.attention)-1, rows, lengths, func(first, count int) {
		n.merge(p, layer, p.row(row+first), p.at.context.Add(4*first*inner), count)
	})
}

// product multiplies x, float32 [rows, w.in], by packed weights.
func (p *pass) product(y, x kernel.Ptr, w matrix, rows int) {
	p.Quantise(p.at.q, p.at.scale, p.at.sums, x, rows, w.in)
	if w.q7 {
		p.MatMulQ7(y, p.at.q, p.at.scale, p.at.sums, w.at, rows, w.out, w.in)
	} else {
		p.MatMulQ4(y, p.at.q, p.at.scale, p.at.sums, w.at, rows, w.out, w.in)
	}
}

// lookUp copies the rows ids of a table of hidden columns.
func (p *pass) lookUp(out kernel.Ptr, t table, ids kernel.Ptr, rows int) {
	if t.q4 {
		p.EmbedQ4(out, t.at, ids, rows, p.hidden)
	} else {
		p.Embed(out, t.at, ids, rows, p.hidden)
	}
}
