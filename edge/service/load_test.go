package service

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestLoadRunsOnceForAll(t *testing.T) {
	h := &folder{}
	started, finish := make(chan struct{}, 9), make(chan struct{})
	l := newLoad(h, func(func()) error {
		started <- struct{}{}
		<-finish
		return nil
	})
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if err := l.ensure(); err != nil {
				t.Error(err)
			}
		})
	}
	<-started
	if state, _ := l.state(); state != "loading" {
		t.Errorf("state is %s while loading", state)
	}
	close(finish)
	wait.Wait()
	if len(started) != 0 {
		t.Errorf("ran %d times", 1+len(started))
	}
}

func TestLoadSharesAnErrorAndTriesAgain(t *testing.T) {
	h := &folder{}
	runs := 0
	finish := make(chan struct{})
	failure := errors.New("broken")
	l := newLoad(h, func(func()) error {
		if runs++; runs == 1 {
			<-finish
			return failure
		}
		return nil
	})
	errs := make(chan error, 2)
	go func() { errs <- l.ensure() }()
	for state, _ := l.state(); state != "loading"; state, _ = l.state() {
		time.Sleep(time.Millisecond)
	}
	go func() { errs <- l.ensure() }()
	time.Sleep(3 * pollEvery)
	close(finish)
	for range 2 {
		if err := <-errs; err != failure {
			t.Errorf("got %v", err)
		}
	}
	if state, err := l.state(); state != "failed" || err != failure {
		t.Errorf("state %s, %v", state, err)
	}
	if err := l.ensure(); err != nil || runs != 2 {
		t.Errorf("second attempt: %v after %d runs", err, runs)
	}
}

func TestLoadIsTakenOverWithoutProgress(t *testing.T) {
	runs := make(chan int, 2)
	runs <- 1
	started, abandoned := make(chan struct{}), make(chan struct{})
	l := newLoad(&folder{}, func(func()) error {
		if run := <-runs; run == 1 {
			close(started)
			<-abandoned
			return errors.New("late")
		}
		return nil
	})
	late := make(chan error)
	go func() { late <- l.ensure() }()
	<-started
	runs <- 2
	l.mu.Lock()
	l.renewed = l.renewed.Add(-2 * leaseTime)
	l.mu.Unlock()
	if err := l.ensure(); err != nil {
		t.Errorf("the second request did not take over: %v", err)
	}
	close(abandoned)
	if err := <-late; err == nil {
		t.Error("the abandoned attempt hid its error")
	}
	if !l.isReady() {
		t.Error("the late failure undid what the second request had loaded")
	}
}

// TestBrokenFilesAreNamedAndRecovered breaks each file in turn, in three ways.
func TestBrokenFilesAreNamedAndRecovered(t *testing.T) {
	_, probe := newTest(t)
	files, err := filepath.Glob(filepath.Join(probe.dir, "*", "*"))
	if err != nil || len(files) < 6 {
		t.Fatal(files, err)
	}
	broken := map[string]func([]byte) []byte{
		"missing": func([]byte) []byte { return nil },
		"cut":     func(b []byte) []byte { return b[:len(b)/2] },
		"changed": func(b []byte) []byte { c := append([]byte(nil), b...); c[len(c)/2] ^= 0x80; return c },
	}
	for _, file := range files {
		name, _ := filepath.Rel(probe.dir, file)
		for how, damage := range broken {
			t.Run(how+"/"+name, func(t *testing.T) {
				s, h := newTest(t)
				path := filepath.Join(h.dir, name)
				whole, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if b := damage(whole); b == nil {
					err = os.Remove(path)
				} else {
					err = os.WriteFile(path, b, 0o644)
				}
				if err != nil {
					t.Fatal(err)
				}
				got := decode[failure](t, call(s, "GET", "/search?q=file&mode=fused", ""), 503).Error
				if !strings.Contains(got.Message, filepath.Base(name)) {
					t.Errorf("the error %q does not name %s", got.Message, name)
				}
				if err := os.WriteFile(path, whole, 0o644); err != nil {
					t.Fatal(err)
				}
				if w := call(s, "GET", "/search?q=file&mode=fused", ""); w.Code != 200 {
					t.Errorf("no recovery: %d %s", w.Code, w.Body)
				}
			})
		}
	}
}
