//go:build unix

package main_test

import (
	"net/http"
	"testing"

	"github.com/effir/effir/edge/edgetest"
	"github.com/effir/effir/edge/internal/tinybundle"
	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/wasm/engine"
)

func TestStartScript(t *testing.T) {
	model := tinymodel.Write(t)
	worker := edgetest.StartNPM(t, "package.json", model, tinybundle.Write(t, model))
	var answer engine.Answer
	get(t, worker.URL+"/search?q=file&mode=fused", http.StatusOK, &answer)
	if answer.Mode != "fused" || len(answer.Hits) == 0 {
		t.Errorf("unexpected answer %+v", answer)
	}
}
