package service

import (
	"sync"
	"time"
)

const (
	// pollEvery is how often a request looks whether another one has finished
	// loading.
	pollEvery = 10 * time.Millisecond
	// leaseTime without progress means that the loading request is gone (its
	// client left and the runtime ended it): another one takes over. One step
	// fetches at most a few MiB.
	leaseTime = 15 * time.Second
)

// load brings one part of the service into memory, by whichever request needs it
// first. Others wait for that one and share its error; the request after a
// failure tries again and continues where the last one stopped.
type load struct {
	host Host
	run  func(progress func()) error

	mu      sync.Mutex // never held during a call of host
	ready   bool
	attempt int // number of the current or last attempt
	running bool
	renewed time.Time // last progress of the current attempt
	err     error     // of the last attempt
}

// newLoad returns a load whose work is run. run may start again while an
// abandoned run still waits for the host, so each of its steps checks what is
// there already after the host has answered.
func newLoad(host Host, run func(progress func()) error) *load {
	return &load{host: host, run: run}
}

// ensure returns nil once the part is loaded.
func (l *load) ensure() error {
	waitedFor := 0
	for {
		l.mu.Lock()
		switch {
		case l.ready:
			l.mu.Unlock()
			return nil
		case waitedFor != 0 && !l.running:
			err := l.err
			l.mu.Unlock()
			return err
		case !l.running || time.Since(l.renewed) > leaseTime:
			attempt := l.begin()
			l.mu.Unlock()
			err := l.run(func() { l.progress(attempt) })
			l.end(attempt, err)
			return err
		}
		waitedFor = l.attempt
		l.mu.Unlock()
		l.host.Pause(pollEvery)
	}
}

// state returns "absent", "loading", "ready" or "failed", with the last error.
func (l *load) state() (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.ready:
		return "ready", nil
	case l.running:
		return "loading", nil
	case l.err != nil:
		return "failed", l.err
	}
	return "absent", nil
}

func (l *load) isReady() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ready
}

func (l *load) begin() int {
	l.attempt++
	l.running, l.renewed = true, time.Now()
	return l.attempt
}

func (l *load) progress(attempt int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.attempt == attempt {
		l.renewed = time.Now()
	}
}

func (l *load) end(attempt int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.ready = true
	}
	if l.attempt == attempt {
		l.running, l.err = false, err
	}
}
