package experiments

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/effir/effir/internal/atomicfile"
	"github.com/effir/effir/toolchain/evaluate"
)

// Command runs effir with arguments and returns when it is done. out is where it
// may print to.
type Command func(ctx context.Context, arguments []string, out io.Writer) error

// Executable is the Command that starts a program.
func Executable(path string) Command {
	return func(ctx context.Context, arguments []string, out io.Writer) error {
		c := exec.CommandContext(ctx, path, arguments...)
		c.Stdout, c.Stderr = out, out
		// An interrupt lets training save its state.
		c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
		c.WaitDelay = time.Minute
		return c.Run()
	}
}

// Run executes the rows of a table that are not done yet, measures all of them
// and returns the results. log is told which command runs; what commands print
// goes to files beside what they make.
func Run(ctx context.Context, t Table, settings Settings, effir Command, log io.Writer) (*Result, error) {
	if err := settings.check(); err != nil {
		return nil, err
	}
	r := runner{table: t, settings: settings, effir: effir, log: log}
	result := newResult(t, settings)
	var models []string
	for _, row := range t.Rows {
		seeds := settings.Seeds
		if !row.Seeded {
			seeds = seeds[:1]
		}
		entry := RowResult{Name: row.Name, Bits: row.Bits}
		for _, seed := range seeds {
			made, err := r.row(ctx, row, seed)
			if err != nil {
				return nil, fmt.Errorf("experiment %s, row %q: %w", t.Name, row.Name, err)
			}
			entry.Commands = made.commands
			entry.Seconds += made.seconds
			name := row.Name
			if row.Seeded {
				name += " #" + strconv.FormatUint(seed, 10)
			}
			entry.models = append(entry.models, name)
			models = append(models, name+"="+made.model)
		}
		result.Rows = append(result.Rows, entry)
	}
	file, err := r.evaluate(ctx, models)
	if err != nil {
		return nil, fmt.Errorf("experiment %s: %w", t.Name, err)
	}
	result.fill(file)
	return result, nil
}

func (s Settings) check() error {
	switch {
	case len(s.Seeds) == 0:
		return errors.New("experiments: no seeds: give at least one")
	case len(s.Datasets) == 0:
		return errors.New("experiments: no datasets to measure on: give folders in the layout of BEIR")
	case s.Work == "":
		return errors.New("experiments: no folder to work in")
	}
	return nil
}

// shown names data files without their folders, which differ between machines.
func (s Settings) shown() Settings {
	data := make([]string, len(s.Data))
	for i, file := range s.Data {
		data[i] = filepath.Base(file)
	}
	s.Data = data
	return s
}

type runner struct {
	table    Table
	settings Settings
	effir    Command
	log      io.Writer
}

// made is what a row's commands left.
type made struct {
	model    string
	commands []string // as a reader would type them
	seconds  float64
}

// doneFile marks a step's folder as complete and says how long it took.
const doneFile = "done.json"

// row runs the steps of one row.
func (r *runner) row(ctx context.Context, row Row, seed uint64) (made, error) {
	m := made{model: r.table.Base}
	run, chain := "", r.table.Base
	for _, step := range row.Steps {
		chain += "\n" + strings.Join(step.arguments(r.table.Base, "", "", "", seed, r.settings), "\n")
		sum := sha256.Sum256([]byte(chain))
		out := filepath.Join(r.settings.Work, step[0]+"-"+hex.EncodeToString(sum[:8]))
		seconds, err := r.step(ctx, row, step.arguments(r.table.Base, m.model, run, filepath.Join(out, "out"), seed, r.settings), out)
		if err != nil {
			return m, err
		}
		shown := step.arguments(r.table.Base, "{model}", "{run}", "{out}", seed, r.settings.shown())
		m.commands = append(m.commands, "effir "+strings.Join(shown, " "))
		m.seconds += seconds
		run = filepath.Join(out, "out")
		if model := checkpointIn(run); model != "" {
			m.model = model
		}
	}
	return m, nil
}

// checkpointIn returns the checkpoint that a command left in its folder, or ""
// if it made none, such as a training of gates.
func checkpointIn(run string) string {
	for _, dir := range []string{run, filepath.Join(run, "checkpoint")} {
		if _, err := os.Stat(filepath.Join(dir, "config.json")); err == nil {
			return dir
		}
	}
	return ""
}

// step runs one command unless it is done, and returns the seconds that it took.
func (r *runner) step(ctx context.Context, row Row, arguments []string, out string) (float64, error) {
	var done struct {
		Seconds float64 `json:"seconds"`
	}
	text, err := os.ReadFile(filepath.Join(out, doneFile))
	if err == nil {
		if err := json.Unmarshal(text, &done); err != nil {
			return 0, fmt.Errorf("%s: %w: delete the folder, and the step is run again", filepath.Join(out, doneFile), err)
		}
		return done.Seconds, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return 0, err
	}
	log, err := os.OpenFile(filepath.Join(out, "log.txt"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	fmt.Fprintf(r.log, "%s: %s (output in %s)\n", row.Name, strings.Join(arguments, " "), log.Name())
	start := time.Now()
	if err := r.effir(ctx, arguments, log); err != nil {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		return 0, fmt.Errorf("effir %s: %w; its output is in %s", arguments[0], err, log.Name())
	}
	done.Seconds = time.Since(start).Seconds()
	if text, err = json.Marshal(done); err != nil {
		return 0, err
	}
	return done.Seconds, atomicfile.Write(filepath.Join(out, doneFile), text)
}

// evaluate measures all models with one command, so that every row is tested
// against the first.
func (r *runner) evaluate(ctx context.Context, models []string) (*evaluate.File, error) {
	if err := os.MkdirAll(r.settings.Work, 0o755); err != nil {
		return nil, err
	}
	path := filepath.Join(r.settings.Work, "evaluate-"+r.table.Name+".json")
	arguments := []string{"evaluate", "--json", path, "--docs", strconv.Itoa(r.settings.Documents), "--queries", strconv.Itoa(r.settings.Queries)}
	for _, model := range models {
		arguments = append(arguments, "--model", model)
	}
	arguments = append(arguments, r.settings.Datasets...)
	fmt.Fprintf(r.log, "measure %d models on %d datasets\n", len(models), len(r.settings.Datasets))
	log, err := os.Create(filepath.Join(r.settings.Work, "evaluate-"+r.table.Name+".txt"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	if err := r.effir(ctx, arguments, log); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("effir evaluate: %w; its output is in %s", err, log.Name())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	file := new(evaluate.File)
	if err := json.Unmarshal(text, file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

// expand replaces the words in an argument.
func expand(arg, base, run string, seed uint64, settings Settings) string {
	return strings.NewReplacer("{base}", base, "{run}", run, "{seed}", strconv.FormatUint(seed, 10), "{tokens}", strconv.FormatInt(settings.Tokens, 10)).Replace(arg)
}
