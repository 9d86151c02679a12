//go:build unix

package finetune

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// envChild makes the test program a run of its own, with the options in the
// variable; envLimit bounds the size of its files.
const (
	envChild = "EFFIR_FINETUNE_CHILD"
	envLimit = "EFFIR_FINETUNE_FILE_SIZE"
)

func TestMain(m *testing.M) {
	text := os.Getenv(envChild)
	if text == "" {
		os.Exit(m.Run())
	}
	var limit uint64
	if n, _ := fmt.Sscan(os.Getenv(envLimit), &limit); n == 1 {
		// Without the signal a file that grows too large is an error, as on a full
		// disk.
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
	o := Defaults()
	err := json.Unmarshal([]byte(text), &o)
	if err == nil {
		_, err = Run(context.Background(), o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// child starts a run in a process of its own.
func child(t *testing.T, o Options, env ...string) (*exec.Cmd, *strings.Builder) {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(append(os.Environ(), envChild+"="+string(text)), env...)
	output := new(strings.Builder)
	cmd.Stderr = output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, output
}

// TestKill kills a run again and again without warning, in training and in the
// middle of saving, until it is through, and compares the weights with those of a
// run in one go.
func TestKill(t *testing.T) {
	o := options(t)
	o.Steps, o.SaveSteps = 40, 1
	want := run(t, o)
	o.Out = filepath.Join(t.TempDir(), "killed")
	kills := 0
	for pause := 300 * time.Millisecond; ; pause += 100 * time.Millisecond {
		cmd, output := child(t, o)
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		select {
		case err := <-done:
			if err != nil {
				t.Fatalf("%v: %s", err, output)
			}
		case <-time.After(pause):
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				kills++
				continue
			}
		}
		break
	}
	t.Logf("killed %d times", kills)
	if kills == 0 {
		t.Error("the run was through before it could be killed")
	}
	sameFiles(t, filepath.Join(o.Out, CheckpointDir), want.Checkpoint)
	if n := len(records(t, o.Out)); n != 40 {
		t.Errorf("%d records, want 40", n)
	}
}

// TestFullDisk lets files grow only so far: saving fails with a clear error, what
// was saved stays, and with room again the run goes on.
func TestFullDisk(t *testing.T) {
	o := options(t)
	want := run(t, o)
	o.Out = filepath.Join(t.TempDir(), "full")
	o.SaveSteps = 1
	ctx, cancel := context.WithCancel(context.Background())
	o.Progress = func(p Progress) {
		if p.Step == 3 {
			cancel()
		}
	}
	if _, err := Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	o.Progress = nil
	cmd, output := child(t, o, envLimit+"=20000")
	if err := cmd.Wait(); err == nil || !strings.Contains(output.String(), "save the state after step 4") || !strings.Contains(output.String(), "intact") {
		t.Fatalf("%v: %s", err, output)
	}
	saved, _, err := loadState(o.Out, func(w string) { t.Error(w) })
	if err != nil || saved.Step != 3 {
		t.Fatalf("state %v after the failure, %v", saved, err)
	}
	got := run(t, o)
	sameFiles(t, got.Checkpoint, want.Checkpoint)
}
