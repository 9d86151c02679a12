// Package edgetest runs the worker in the real workerd for tests.
package edgetest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/effir/effir/edge/edgebuild"
)

// startTime is how long workerd may take to listen.
const startTime = 30 * time.Second

// Start builds the worker, runs it in workerd over a model package and a search
// bundle until the test ends, and returns its address such as
// http://127.0.0.1:41235. A folder may be "": then it is missing. Without
// workerd the test is skipped, or fails where EFFIR_REQUIRE_WORKERD is 1.
func Start(t testing.TB, modelDir, bundleDir string) (url string) {
	t.Helper()
	return StartProcess(t, Options{ModelDir: modelDir, BundleDir: bundleDir}).URL
}

// Options of StartProcess.
type Options struct {
	// ModelDir and BundleDir are the folders that the worker sees as model/
	// and index/. An empty one is missing.
	ModelDir, BundleDir string
	// Assets answers in place of the folders, for tests of slow or odd hosts.
	Assets http.Handler
	// Change edits the worker's files, by name, before workerd reads them.
	Change func(files map[string][]byte)
}

// Process is a running workerd.
type Process struct {
	URL string
	PID int
}

// StartProcess is Start with everything that a test may want to turn.
func StartProcess(t testing.TB, o Options) Process {
	t.Helper()
	binary := findWorkerd(t)
	built, err := build()
	if err != nil {
		t.Fatal(err)
	}
	files := maps.Clone(built)
	dir := t.TempDir()
	arguments := []string{"serve", filepath.Join(dir, configuration)}
	if o.Assets != nil {
		server := httptest.NewServer(o.Assets)
		t.Cleanup(server.Close)
		files[configuration] = bytes.Replace(files[configuration], []byte(diskAssets), []byte(externalAssets), 1)
		arguments = append(arguments, "--external-addr", "assets="+server.Listener.Addr().String())
	} else {
		arguments = append(arguments, "--directory-path", "assets="+link(t, o))
	}
	if o.Change != nil {
		o.Change(files)
	}
	if err := edgebuild.Write(dir, files); err != nil {
		t.Fatal(err)
	}
	return run(t, exec.Command(binary, arguments...), 3)
}

// The configuration's assets service and the one that fetches from a server.
const (
	configuration  = "workerd.capnp"
	diskAssets     = `disk = (path = "assets")`
	externalAssets = `external = (address = "127.0.0.1:1", http = ())`
)

// link returns a folder with links to the assets.
func link(t testing.TB, o Options) string {
	t.Helper()
	assets := t.TempDir()
	for name, source := range map[string]string{"model": o.ModelDir, "index": o.BundleDir} {
		if source == "" {
			continue
		}
		path, err := filepath.Abs(source)
		if err == nil {
			err = os.Symlink(path, filepath.Join(assets, name))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return assets
}

// build compiles the worker once a process.
var build = sync.OnceValues(func() (map[string][]byte, error) {
	return edgebuild.Files(context.Background())
})

// run starts workerd, or a command that passes its arguments on to it, and waits
// until it listens on a free port. It tells the port through a file descriptor:
// 3, or 1 where a program between does not hand on others.
func run(t testing.TB, cmd *exec.Cmd, control int) Process {
	t.Helper()
	events, remote, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	cmd.Args = append(cmd.Args, "--socket-addr", "http=127.0.0.1:0", "--control-fd", strconv.Itoa(control))
	log := new(logBuffer)
	cmd.Stdout, cmd.Stderr = log, log
	if control == 1 {
		cmd.Stdout = remote
	} else {
		cmd.ExtraFiles = []*os.File{remote}
	}
	err = cmd.Start()
	remote.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if text := log.String(); text != "" {
			t.Logf("workerd wrote:\n%s", text)
		}
	})
	events.SetReadDeadline(time.Now().Add(startTime))
	port, err := listening(events)
	if err != nil {
		t.Fatalf("workerd did not start: %v", err)
	}
	return Process{URL: "http://127.0.0.1:" + port, PID: cmd.Process.Pid}
}

// listening reads workerd's control messages, one JSON object a line, up to the
// one that tells the port.
func listening(events io.Reader) (port string, err error) {
	lines := bufio.NewScanner(events)
	for lines.Scan() {
		var event struct {
			Event string
			Port  json.Number
		}
		if err := json.Unmarshal(lines.Bytes(), &event); err == nil && event.Event == "listen" {
			return event.Port.String(), nil
		}
	}
	return "", errors.Join(errors.New("it ended or hung before it listened"), lines.Err())
}

// logBuffer collects output of a process.
type logBuffer struct {
	mu   sync.Mutex
	text []byte
}

func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, b...)
	return len(b), nil
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}
