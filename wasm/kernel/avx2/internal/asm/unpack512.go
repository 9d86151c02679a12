package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
)

// unpacked512 is four panels of either layout as unpack512 makes them: scales and
// minimums as floats, then eight steps of 32 columns.
var unpacked512 = layout{"unpacked", unpackedLevels + 8*128}

const (
	unpackedMinimums = 128 // offset of the minimums of unpacked512
	unpackedLevels   = 256 // offset of its levels
)

// unpack512 saves the tiles that meet the same panels from putting registers together
// of two panels: that takes one of the two pipes that multiply.
func (a *assembler) unpack512(l layout) {
	name := l.name + "Unpack512"
	a.function(name, "func(out, w *byte, groups int)",
		fmt.Sprintf("%s unpacks four panels for the tiles unpackedVNNITile. groups > 0.", name))
	out, groups := a.param("out"), a.param("groups")
	w, mask := a.panels(l, groups, 4), a.ZMM()
	a.VPBROADCASTD(a.words(0x0f0f_0f0f), mask)
	a.loop("group", groups, func() {
		for offset, v := range a.pairs(a.halves, w, 2, 0) {
			a.VMOVUPS(v, at(out, 64*offset))
		}
		for offset, v := range a.pairs(a.halves, w, 2, minimums) {
			a.VMOVUPS(v, at(out, unpackedMinimums+64*offset))
		}
		step := func(number, part int) Mem { return at(out, unpackedLevels+128*number+64*part) }
		for block := range int(l.groupBytes-levels) / 32 {
			for part, v := range a.pairs(a.levels, w, 2, levels+32*block) {
				if l == q7 {
					a.VMOVDQU32(v, step(block, part))
					continue
				}
				low := a.ZMM()
				a.VPANDD(mask, v, low)
				a.VMOVDQU32(low, step(2*block, part))
				a.VPSRLW(U8(4), v, v)
				a.VPANDD(mask, v, v)
				a.VMOVDQU32(v, step(2*block+1, part))
			}
		}
		a.ADDQ(U32(l.groupBytes), w.base)
		a.ADDQ(U32(unpacked512.groupBytes), out)
	})
	a.end()
}
