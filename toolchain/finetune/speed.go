package finetune

import (
	"slices"
	"time"
)

// speed measures tokens per second over the last half minute, compilation not
// counted.
type speed struct {
	marks   []mark
	compile bool // the step that runs now is compiled first
}

type mark struct {
	at       time.Time
	tokens   int
	duration time.Duration
}

const speedWindow = 30 * time.Second

func newSpeed() *speed { return &speed{marks: []mark{{at: time.Now()}}} }

// pause leaves the time of the next step out.
func (s *speed) pause() { s.compile = true }

// add counts a step that ends now.
func (s *speed) add(tokens int) {
	now := time.Now()
	m := mark{now, tokens, now.Sub(s.marks[len(s.marks)-1].at)}
	if s.compile {
		m.tokens, m.duration = 0, 0
	}
	s.compile = false
	s.marks = append(s.marks, m)
	old := slices.IndexFunc(s.marks, func(m mark) bool { return now.Sub(m.at) < speedWindow })
	s.marks = s.marks[min(old, len(s.marks)-1):]
}

// rate is tokens per second, 0 before the first step that was not compiled.
func (s *speed) rate() float64 {
	var tokens int
	var time time.Duration
	for _, m := range s.marks {
		tokens += m.tokens
		time += m.duration
	}
	if time == 0 {
		return 0
	}
	return float64(tokens) / time.Seconds()
}

// progress describes the run after a step.
func (s *session) progress(f figures, rate *speed) Progress {
	o, st := s.options, s.state
	p := Progress{
		Step: st.Step, Tokens: st.Tokens, Loss: f.Loss, Parts: f.Parts, Names: s.partNames(),
		TokensPerSecond: rate.rate(), Share: min(1, o.done(st.Step, st.Tokens, 0)),
	}
	if o.Steps > 0 {
		p.Share = float64(st.Step) / float64(o.Steps)
	}
	if p.TokensPerSecond > 0 && p.Share > 0 {
		left := float64(st.Tokens) / p.Share * (1 - p.Share)
		p.Left = time.Duration(left / p.TokensPerSecond * float64(time.Second))
	}
	return p
}

// named gives the parts of the loss by name.
func (p Progress) named() map[string]float64 {
	m := map[string]float64{}
	for i, name := range p.Names {
		m[name] = p.Parts[i]
	}
	return m
}
