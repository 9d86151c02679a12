package weights

import (
	"testing"

	"github.com/effir/effir/internal/tinymodel"
)

// Calibration reads the documentation of the installed Go, the same texts each time.
func TestCalibrationTexts(t *testing.T) {
	ids, err := calibrationIDs(t.Context(), tinymodel.NewBert(1))
	if err != nil {
		t.Fatal(err)
	}
	if len(ids) < calibrationTexts*9/10 {
		t.Errorf("only %d texts", len(ids))
	}
	for i, text := range ids {
		if len(text) == 0 || len(text) > calibrationTokens {
			t.Errorf("text %d has %d tokens", i, len(text))
		}
	}
}
