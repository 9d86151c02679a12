package finetune

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	"github.com/gomlx/gomlx/backends"
	mlcontext "github.com/gomlx/gomlx/pkg/ml/context"

	"github.com/effir/effir/gomlx-models/backend"
	"github.com/effir/effir/toolchain/checkpoint"
)

// Progress tells how far a run is.
type Progress struct {
	Step            int
	Tokens          int64   // of the student, without padding
	Share           float64 // of the run, 0 to 1
	Loss            float64
	Parts           []float64
	Names           []string // of the parts
	TokensPerSecond float64  // of the last half minute
	Left            time.Duration
	Compiling       string // the shape that is being compiled now; else empty
	Fitting         bool   // a new head is fitted, before the first step
}

// Result is what a run came to.
type Result struct {
	Finished   bool // false if the time limit ended it; the same call goes on
	Step       int
	Tokens     int64
	Seconds    float64 // spent training, over all calls
	Checkpoint string  // folder of the trained model
	Gates      string  // file of the gates, if those were trained
}

// Run trains until the end, the time limit or the cancellation of ctx, each of
// which saves the state. A folder with a state is resumed.
func Run(ctx context.Context, o Options) (_ Result, err error) {
	if err := o.check(); err != nil {
		return Result{}, err
	}
	if o.Warn == nil {
		o.Warn = func(string) {}
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if err := checkOut(o.Out); err != nil {
		return Result{}, err
	}
	s, err := open(o)
	if err != nil {
		return Result{}, err
	}
	defer s.close()
	if s.headless && s.state.Step == 0 {
		if err := s.fitHead(ctx); err != nil {
			return Result{}, err
		}
	}
	return s.run(ctx)
}

// session is an open run.
type session struct {
	options          *Options
	backend          backends.Backend
	root             *mlcontext.Context
	student, teacher *network
	stepper          *stepper
	stream           *stream
	state            *state
	metrics          *metrics
	variables        []*mlcontext.Variable // what the state holds
	closers          []func()
	shapes           map[string]bool // that were compiled
	headless         bool            // the head is new
}

func (s *session) close() {
	for _, c := range slices.Backward(s.closers) {
		c()
	}
}

// open loads models, data and, if there is one, the state.
func open(o Options) (_ *session, err error) {
	s := &session{options: &o, root: mlcontext.New().Checked(false), shapes: map[string]bool{}}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if err := s.openModels(); err != nil {
		return nil, err
	}
	if err := s.openData(); err != nil {
		return nil, err
	}
	identity, err := newSettings(o, s.student, s.teacher)
	if err != nil {
		return nil, err
	}
	saved, dir, err := loadState(o.Out, o.Warn)
	begun := !errors.Is(err, errNoState)
	if begun && err != nil {
		return nil, err
	}
	if begun {
		if err := identity.changed(saved.Settings, o.Out); err != nil {
			return nil, err
		}
	}
	s.backend, err = backend.Open(o.Backend)
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, s.backend.Finalize, s.root.Finalize)
	if err := s.student.load(); err != nil {
		return nil, err
	}
	if s.teacher != nil {
		if err := s.teacher.load(); err != nil {
			return nil, err
		}
	}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	s.state = &state{Settings: identity}
	if begun {
		if err := saved.restore(dir, s.variables); err != nil {
			return nil, err
		}
		s.state = saved
	}
	if s.metrics, err = openMetrics(o.Out, s.state.Metrics); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, func() { s.metrics.close() })
	if err := s.stepper.compile(s.backend, s.root); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, func() { s.stepper.exec.Finalize() })
	return s, nil
}

// openModels opens the checkpoints and checks that they fit the loss.
func (s *session) openModels() (err error) {
	o := s.options
	if s.student, err = openNetwork(o.Model, s.root.In("student"), o.adjust); err != nil {
		return err
	}
	s.closers = append(s.closers, func() { s.student.checkpoint.Close() })
	if o.Teacher == "" {
		return nil
	}
	if s.teacher, err = openNetwork(o.Teacher, s.root.In("teacher"), nil); err != nil {
		return err
	}
	s.closers = append(s.closers, func() { s.teacher.checkpoint.Close() })
	return nil
}

// adjust applies the settings that say how the student embeds.
func (o *Options) adjust(e *checkpoint.Embedding) error {
	if o.Pooling != "" {
		if e.Pooling != o.Pooling {
			e.Skip = 0
		}
		e.Pooling = o.Pooling
	}
	if o.Attention != "" {
		e.Bidirectional = o.Attention == "bidirectional"
	}
	if o.QueryPrefix != nil {
		e.QueryPrefix = *o.QueryPrefix
	}
	if o.PassagePrefix != nil {
		e.PassagePrefix = *o.PassagePrefix
	}
	return nil
}

// openData opens the files and decides whether the teacher reads its own tokens.
func (s *session) openData() error {
	o := s.options
	s.stepper = &stepper{options: o, student: s.student, teacher: s.teacher}
	readers, err := s.readers(slices.Max(o.Buckets))
	if err != nil {
		return err
	}
	s.stream, err = openStream(*o, readers...)
	return err
}

// layerPair is a layer of the student and the one of the teacher that it was.
type layerPair struct{ student, teacher int }

// checkTeacher checks that the loss can compare the models, and finds the layers
// of its part hidden.
func (s *session) checkTeacher(sameTokenizer bool) error {
	o := s.options
	if o.Loss.Hidden == 0 {
		return nil
	}
	a, b := s.student.model.Sizes(), s.teacher.model.Sizes()
	switch {
	case !sameTokenizer:
		return fmt.Errorf("--loss hidden compares token by token, but %s has another tokenizer than %s: use align or kl, or a teacher with the same tokenizer", o.Teacher, o.Model)
	case s.stepper.separate:
		return fmt.Errorf("--loss hidden compares token by token, but %s and %s put other prefixes before texts or cut them elsewhere: set --query-prefix and --passage-prefix to the teacher's", o.Teacher, o.Model)
	case a.Hidden != b.Hidden:
		return fmt.Errorf("--loss hidden needs states of one width, but %s has %d and %s has %d: use align or kl", o.Model, a.Hidden, o.Teacher, b.Hidden)
	}
	origins := s.student.config.Compression.Origins(a.Layers())
	switch {
	case a.Layers() == b.Layers(): // the teacher may be cut too
		origins = checkpoint.Compression{}.Origins(a.Layers())
	case origins[len(origins)-1] >= b.Layers():
		return fmt.Errorf("--loss hidden compares layer by layer, but %s has %d, not cut from the %d of %s: use align or kl", o.Model, a.Layers(), b.Layers(), o.Teacher)
	}
	for i, origin := range origins {
		// Where the teacher's last layers are gone, the student's last one has to give the embedding
		// instead of the state that it gave in the middle.
		middle := i == a.Layers()-1 && origin != b.Layers()-1
		if a.Attention[i] && b.Attention[origin] && !middle {
			s.stepper.aligned = append(s.stepper.aligned, layerPair{i, origin})
		}
	}
	if len(s.stepper.aligned) == 0 {
		return errors.New("--loss hidden: no layer of the student has attention and a state of the teacher to compare with: use align or kl")
	}
	return nil
}

// run is the training loop.
func (s *session) run(ctx context.Context) (Result, error) {
	o := s.options
	start := time.Now()
	before := s.state.Seconds
	batches := s.stream.from(s.state.Cursor)
	defer batches.stop()
	rate := newSpeed()
	lastSave, lastStep := time.Now(), s.state.Step
	limited := false
	for !o.finished(s.state.Step, s.state.Tokens) && ctx.Err() == nil {
		if limited = o.Limit > 0 && time.Since(start) >= o.Limit; limited {
			break
		}
		b, after, err := batches.next()
		if err != nil {
			return Result{}, err
		}
		shape := b.shape()
		compiled := !s.shapes[shape]
		if compiled {
			o.Progress(Progress{Compiling: shape})
			s.shapes[shape] = true
			rate.pause()
		}
		share := o.done(s.state.Step, s.state.Tokens, b.tokens)
		lr := learningRate(o.LearningRate, o.WarmUp, share)
		f, err := s.stepper.run(b, lr, s.state.Step+1)
		if err != nil {
			return Result{}, err
		}
		if err := s.finite(f); err != nil {
			return Result{}, err
		}
		if compiled {
			releaseMemory()
		}
		s.state.Step++
		s.state.Tokens += int64(b.tokens)
		s.state.Texts += int64(b.texts)
		s.state.Cursor = after
		s.state.Seconds = before + time.Since(start).Seconds()
		rate.add(b.tokens)
		p := s.progress(f, rate)
		if err := s.metrics.add(record{s.state.Step, s.state.Tokens, f.Loss, p.named(), f.Norm, lr, s.state.Seconds}); err != nil {
			return Result{}, err
		}
		o.Progress(p)
		if time.Since(lastSave) >= o.SaveEvery || o.SaveSteps > 0 && s.state.Step%o.SaveSteps == 0 {
			if err := s.save(); err != nil {
				return Result{}, err
			}
			lastSave, lastStep = time.Now(), s.state.Step
		}
	}
	if s.state.Step > lastStep || s.state.Step == 0 {
		if err := s.save(); err != nil {
			return Result{}, err
		}
	}
	result := Result{
		Finished: o.finished(s.state.Step, s.state.Tokens),
		Step:     s.state.Step, Tokens: s.state.Tokens, Seconds: s.state.Seconds,
	}
	// A cancelled run writes its model too: the time it takes is short.
	if err := s.export(context.WithoutCancel(ctx), &result); err != nil {
		return Result{}, err
	}
	if err := s.report(); err != nil {
		return Result{}, err
	}
	if !result.Finished && !limited {
		return result, ctx.Err()
	}
	return result, nil
}

// save stores the state; what was saved before survives a failure.
func (s *session) save() (err error) {
	if s.state.Metrics, err = s.metrics.flush(); err != nil {
		return err
	}
	if err := s.state.save(s.options.Out, s.variables); err != nil {
		return fmt.Errorf("save the state after step %d: %w: earlier states in %s are intact", s.state.Step, err, filepath.Join(s.options.Out, stateDir))
	}
	return s.report()
}

// finite reports figures that are no numbers, which no later step can repair.
func (s *session) finite(f figures) error {
	bad := func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }
	if !bad(f.Loss) && !bad(f.Norm) && !slices.ContainsFunc(f.Parts, bad) {
		return nil
	}
	where := "the gradients"
	for i, name := range s.partNames() {
		if bad(f.Parts[i]) {
			where = "the loss's part " + name
			break
		}
	}
	return fmt.Errorf("step %d: %s overflowed (loss %g, gradient norm %g): the state saved last in %s is intact; begin anew with a lower --learning-rate or a longer --warm-up",
		s.state.Step+1, where, f.Loss, f.Norm, filepath.Join(s.options.Out, stateDir))
}

// partNames are the names of figures.Parts.
func (s *session) partNames() []string {
	names := s.options.Loss.Parts()
	if s.options.SlimLambda > 0 {
		names = append(names, "penalty")
	}
	return names
}
