package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/effir/effir/bench/fetch"
)

// findWorkerd returns the path of workerd: what WORKERD names, what npm has installed in edge/, or
// what PATH holds. Where there is none, npm installs it.
func findWorkerd(ctx context.Context) (string, error) {
	if path := os.Getenv("WORKERD"); path != "" {
		_, err := os.Stat(path)
		return path, err
	}
	platform := runtime.GOOS + "-" + runtime.GOARCH
	if runtime.GOARCH == "amd64" {
		platform = runtime.GOOS + "-64"
	}
	installed := filepath.Join("edge", "node_modules", "@cloudflare", "workerd-"+platform, "bin", "workerd")
	if _, err := os.Stat(installed); err == nil {
		return installed, nil
	}
	if path, err := exec.LookPath("workerd"); err == nil {
		return path, nil
	}
	if err := fetch.NPM(ctx, "edge"); err != nil {
		return "", err
	}
	_, err := os.Stat(installed)
	return installed, err
}

// process is a running workerd.
type process struct {
	cmd *exec.Cmd
	url string
	log *output
}

// patience is how long workerd may take to listen, and to answer.
const patience = time.Minute

// startWorkerd runs the worker of a folder, which holds workerd.capnp and the folder assets.
func startWorkerd(ctx context.Context, binary, folder string) (*process, error) {
	events, remote, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer events.Close()
	p := &process{cmd: exec.CommandContext(ctx, binary, "serve", filepath.Join(folder, "workerd.capnp"),
		"--directory-path", "assets="+filepath.Join(folder, "assets"), "--socket-addr", "http=127.0.0.1:0", "--control-fd", "3"), log: new(output)}
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.ExtraFiles = p.log, p.log, []*os.File{remote}
	err = p.cmd.Start()
	remote.Close()
	if err != nil {
		return nil, err
	}
	if err := events.SetReadDeadline(time.Now().Add(patience)); err != nil {
		p.stop()
		return nil, err
	}
	lines := bufio.NewScanner(events)
	for lines.Scan() {
		var event struct {
			Event string
			Port  json.Number
		}
		if json.Unmarshal(lines.Bytes(), &event) == nil && event.Event == "listen" {
			p.url = "http://127.0.0.1:" + event.Port.String()
			return p, nil
		}
	}
	p.stop()
	return nil, fmt.Errorf("workerd ended before it listened (%w): %s", errors.Join(lines.Err(), io.ErrUnexpectedEOF), p.log)
}

// stop ends the process.
func (p *process) stop() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// post sends JSON and reads the JSON of the answer. An answer that says no is an error with its text.
func (p *process) post(ctx context.Context, path string, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %.300s", response.Status, text)
	}
	return json.Unmarshal(text, into)
}

// output keeps the start of what a process writes.
type output struct {
	mu   sync.Mutex
	text []byte
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, b[:min(len(b), max(0, 4096-len(o.text)))]...)
	return len(b), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text)
}
