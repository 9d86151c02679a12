package native

import (
	"strings"
	"testing"
)

// Each name opens kernels that call themselves so, or is refused with the names
// that would do.
func TestNamed(t *testing.T) {
	want := map[string]string{"wazero": "simd128-baseline", "reference": "reference"}
	for _, i := range processor {
		if i.supported() {
			want[i.name] = i.name
		}
	}
	for _, name := range []string{"avx512vnni", "avxvnni", "avx2", "wazero", "reference", "AVX2", "sse"} {
		k, err := Named(name)
		switch kernels, ok := want[name]; {
		case ok && err != nil:
			t.Errorf("%s: %v", name, err)
		case ok && k.Name() != kernels:
			t.Errorf("%s opens %s, want %s", name, k.Name(), kernels)
		case !ok && err == nil:
			t.Errorf("%s opens %s, want an error", name, k.Name())
		case !ok && !(strings.Contains(err.Error(), name) && strings.Contains(err.Error(), "wazero, reference")):
			t.Errorf("%s: error %q does not name the choice", name, err)
		}
	}
}

func TestOpenTakesTheFastest(t *testing.T) {
	t.Setenv(Variable, "")
	want := "simd128-baseline"
	for _, i := range processor {
		if i.supported() {
			want = i.name
			break
		}
	}
	k, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	if got := k.Name(); got != want {
		t.Errorf("Open takes %s, want %s", got, want)
	}
}

func TestOpenObeysTheVariable(t *testing.T) {
	t.Setenv(Variable, "reference")
	k, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	if got := k.Name(); got != "reference" {
		t.Errorf("%s=reference opens %s", Variable, got)
	}
	t.Setenv(Variable, "abacus")
	if _, err := Open(); err == nil || !strings.Contains(err.Error(), "abacus") {
		t.Errorf("%s=abacus: error %v does not name it", Variable, err)
	}
}
