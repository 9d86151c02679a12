package peer

import (
	"os/exec"
	"strings"
	"testing"
)

func TestProcess(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("no Node.js on PATH")
	}
	p, err := Start(t.Context(), "testdata", "echo.mjs")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var sum int
	if err := p.Ask("add", map[string]any{"a": 2, "b": 3}, &sum); err != nil || sum != 5 {
		t.Errorf("2 + 3 is %d (%v)", sum, err)
	}
	if err := p.Ask("nothing", nil, nil); err != nil {
		t.Error(err)
	}
	var heard string
	if err := p.Ask("noisy", nil, &heard); err != nil || heard != "heard" {
		t.Errorf("heard %q (%v)", heard, err)
	}
	var times []float64
	if err := p.Ask("each", map[string]any{"items": []int{1, 2, 3}}, &times); err != nil || len(times) != 3 {
		t.Errorf("times %v (%v)", times, err)
	}
	if err := p.Ask("fail", nil, nil); err == nil || !strings.Contains(err.Error(), "echo.mjs: fail") || !strings.Contains(err.Error(), "no such luck") {
		t.Errorf("error %v does not name script, action and cause", err)
	}
	if err := p.Ask("add", map[string]any{"a": 1, "b": 1}, &sum); err != nil || sum != 2 {
		t.Errorf("after an error 1 + 1 is %d (%v)", sum, err)
	}
	if err := p.Ask("end", nil, nil); err == nil || !strings.Contains(err.Error(), "the process ended") {
		t.Errorf("error %v does not say that the process ended", err)
	}
}
