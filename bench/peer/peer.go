// Package peer drives the systems that benchmarks compare with where these run in Node.js: a process for
// each, which answers one request at a time.
package peer

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Process runs a script that serves requests by serve.mjs.
type Process struct {
	name   string
	cmd    *exec.Cmd
	input  io.WriteCloser
	output *bufio.Reader
	log    lastBytes
}

// Start runs a script of the folder dir with further environment variables.
func Start(ctx context.Context, dir, script string, environment ...string) (*Process, error) {
	p := &Process{name: script, cmd: exec.CommandContext(ctx, "node", script)}
	p.cmd.Dir = dir
	p.cmd.Env = append(os.Environ(), environment...)
	p.cmd.Stderr = &p.log
	p.cmd.WaitDelay = 5 * time.Second
	var err error
	if p.input, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.output = bufio.NewReaderSize(stdout, 1<<16)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s needs Node.js 20 or newer: %w", filepath.Join(dir, script), err)
	}
	return p, nil
}

// Ask makes one request and reads its result into result, which may be nil.
func (p *Process) Ask(action string, arguments map[string]any, result any) error {
	request := map[string]any{"do": action}
	for name, value := range arguments {
		request[name] = value
	}
	fail := func(err error) error {
		return fmt.Errorf("%s: %s: %w\n%s", p.name, action, err, p.log.String())
	}
	line, err := json.Marshal(request)
	if err == nil {
		_, err = p.input.Write(append(line, '\n'))
	}
	if err != nil {
		return fail(err)
	}
	answer := struct {
		Result any    `json:"result"`
		Error  string `json:"error"`
	}{Result: result}
	for {
		line, err = p.output.ReadBytes('\n')
		if err != nil {
			return fail(fmt.Errorf("the process ended: %w", err))
		}
		if len(line) > 1 && line[0] == '{' { // libraries write notes of their own
			break
		}
	}
	if err := json.Unmarshal(line, &answer); err != nil {
		return fail(err)
	}
	if answer.Error != "" {
		return fail(fmt.Errorf("%s", answer.Error))
	}
	return nil
}

// Close ends the process.
func (p *Process) Close() {
	_ = p.input.Close() // ends the script's loop
	done := make(chan struct{})
	go func() {
		_ = p.cmd.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(3 * time.Second):
		_ = p.cmd.Process.Kill()
		<-done
	}
}

// lastBytes keeps the end of what is written to it.
type lastBytes struct {
	mu   sync.Mutex
	text []byte
}

const kept = 2000

func (l *lastBytes) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, b...)
	l.text = l.text[max(0, len(l.text)-kept):]
	return len(b), nil
}

func (l *lastBytes) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.TrimSpace(string(l.text))
}
