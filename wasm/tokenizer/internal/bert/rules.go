package bert

import "sync"

// Rules say what becomes of each character. They do not change and may be used
// by several goroutines at once.
type Rules struct {
	pages     [(0x10FFFF + 1) / pageSize]uint8 // of each page, its place in blocks
	blocks    []block
	sequences [][]entry // what sequence entries name
}

const pageSize = 256

type block [pageSize]entry

// New returns the rules for the options. They are made once.
func New(o Options) *Rules {
	at := 0
	for i, on := range [4]bool{o.CleanText, o.Ideographs, o.StripAccents, o.Lowercase} {
		if on {
			at |= 1 << i
		}
	}
	made[at].once.Do(func() { made[at].rules = build(o) })
	return made[at].rules
}

var made [16]struct {
	once  sync.Once
	rules *Rules
}

func (r *Rules) entry(c rune) entry {
	return r.blocks[r.pages[uint32(c)/pageSize]][uint32(c)%pageSize]
}

// entry is what becomes of one character: the new character in bits 0 to 20 (0:
// the same one), the action in bits 21 to 23, and, for marks, the canonical
// combining class from bit 24 on. The zero entry leaves the character as it is.
type entry uint32

type action uint8

const (
	letter         action = iota // part of a word
	space                        // ends a word
	alone                        // a word of its own
	dropped                      // removed
	droppedStarter               // removed, but marks do not move across it
	mark                         // part of a word, sorted among marks
	hangul                       // a syllable to decompose
	sequence                     // letters and marks: the entries sequences[char]
)

func newEntry(a action, char rune, rank uint8) entry {
	return entry(char) | entry(a)<<21 | entry(rank)<<24
}

func (e entry) action() action { return action(e >> 21 & 7) }
func (e entry) rank() uint8    { return uint8(e >> 24) }
func (e entry) char() rune     { return rune(e & 0x1FFFFF) }

// charOr is the new character of a letter or mark that was c.
func (e entry) charOr(c rune) rune {
	if to := e.char(); to != 0 {
		return to
	}
	return c
}
