package bert

import "unicode/utf8"

// The classes of classRuns.
const (
	classPlain = iota
	classSpace
	classControl
	classControlSpace
	classPunctuation
	classIdeograph
)

const (
	hangulFirst = 0xAC00
	hangulCount = 11172
)

// builder makes Rules from the generated tables.
type builder struct {
	*Rules
	options Options
	uniform map[entry]uint8 // blocks that hold one entry only, which pages share
	shared  [256]bool
	lower   map[rune]rune
	ranks   map[rune]uint8
}

func build(o Options) *Rules {
	b := &builder{Rules: new(Rules), options: o, uniform: map[entry]uint8{}}
	b.blockOf(0)
	b.readLower()
	b.readRanks()
	b.addClasses()
	if o.Lowercase {
		for c, to := range b.lower {
			b.set(c, newEntry(letter, to, 0))
		}
		b.setSequence(0x130, 'i', 0x307)
	}
	if o.StripAccents {
		b.fill(hangulFirst, hangulCount, newEntry(hangul, 0, 0))
		for c, rank := range b.ranks {
			b.set(c, newEntry(mark, c, rank))
		}
		b.addStripped()
	}
	return b.Rules
}

func (b *builder) addClasses() {
	actions := [...]action{classSpace: space, classControl: letter, classControlSpace: space, classPunctuation: alone, classIdeograph: letter}
	if b.options.CleanText {
		actions[classControl], actions[classControlSpace] = dropped, dropped
	}
	if b.options.Ideographs {
		actions[classIdeograph] = alone
	}
	at := rune(0)
	for n := (numbers{classRuns}); n.more(); {
		at += n.next()
		v := n.next()
		b.fill(at, v>>3, newEntry(actions[v&7], 0, 0))
		at += v >> 3
	}
}

func (b *builder) addStripped() {
	at, last := rune(0), rune(0)
	for n := (numbers{strippedRuns}); n.more(); {
		at += n.next()
		v := n.next()
		var to [3]rune
		for i := range v & 3 {
			last += unzigzag(n.next())
			to[i] = last
		}
		for end := at + v>>2; at < end; at++ {
			b.strip(at, to[:v&3])
		}
	}
}

// strip sets what c becomes by stripping and, if asked for, lower-casing.
func (b *builder) strip(c rune, to []rune) {
	old := b.entry(c).action()
	switch {
	case old == dropped: // text is cleaned before
	case len(to) == 0 && b.ranks[c] > 0:
		b.set(c, newEntry(dropped, 0, 0))
	case len(to) == 0:
		b.set(c, newEntry(droppedStarter, 0, 0))
	case len(to) == 1 && old == alone:
		b.set(c, newEntry(alone, to[0], 0))
	case len(to) == 1:
		b.set(c, b.part(to[0]))
	default:
		b.setSequence(c, to...)
	}
}

// part is what becomes of a character that does not decompose further.
func (b *builder) part(c rune) entry {
	e := b.entry(c)
	return newEntry(e.action(), e.charOr(c), e.rank())
}

func (b *builder) setSequence(c rune, to ...rune) {
	list := make([]entry, len(to))
	for i, t := range to {
		list[i] = b.part(t)
	}
	b.set(c, newEntry(sequence, rune(len(b.sequences)), 0))
	b.sequences = append(b.sequences, list)
}

func (b *builder) readLower() {
	b.lower = map[rune]rune{}
	first := rune(0)
	for n := (numbers{lowerRuns}); n.more(); {
		first += n.next()
		v, distance := n.next(), unzigzag(n.next())
		for i := range v >> 1 {
			c := first + i*(v&1+1)
			b.lower[c] = c + distance
		}
	}
}

func (b *builder) readRanks() {
	b.ranks = map[rune]uint8{}
	at := rune(0)
	for n := (numbers{rankRuns}); n.more(); {
		at += n.next()
		end := at + n.next()
		for rank := uint8(n.next()); at < end; at++ {
			b.ranks[at] = rank
		}
	}
}

func (b *builder) set(c rune, e entry) {
	page := &b.pages[c/pageSize]
	if b.shared[*page] {
		b.blocks = append(b.blocks, b.blocks[*page])
		*page = uint8(len(b.blocks) - 1)
	}
	b.blocks[*page][c%pageSize] = e
}

// fill sets a run of characters; whole pages of it share one block.
func (b *builder) fill(first, count rune, e entry) {
	for end := first + count; first < end; {
		if first%pageSize == 0 && end-first >= pageSize {
			b.pages[first/pageSize] = b.blockOf(e)
			first += pageSize
		} else {
			b.set(first, e)
			first++
		}
	}
}

// blockOf returns the block that holds e alone.
func (b *builder) blockOf(e entry) uint8 {
	at, ok := b.uniform[e]
	if !ok {
		at = uint8(len(b.blocks))
		b.blocks = append(b.blocks, block{})
		for i := range b.blocks[at] {
			b.blocks[at][i] = e
		}
		b.uniform[e], b.shared[at] = at, true
	}
	return at
}

// numbers reads a list of numbers that are written as the characters of a
// string.
type numbers struct{ rest string }

func (n *numbers) more() bool { return n.rest != "" }

func (n *numbers) next() rune {
	c, size := utf8.DecodeRuneInString(n.rest)
	n.rest = n.rest[size:]
	return c
}

func unzigzag(v rune) rune { return v>>1 ^ -(v & 1) }
