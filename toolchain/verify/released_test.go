package verify

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/effir/effir/gomlx-models/backend"
	"github.com/effir/effir/internal/tinymodel"
	"github.com/effir/effir/models"
	"github.com/effir/effir/toolchain/export"
	"github.com/effir/effir/toolchain/vocabulary"
	"github.com/effir/effir/wasm/kernel"
	kernels "github.com/effir/effir/wasm/kernel/native"
	"github.com/effir/effir/wasm/native"
)

// releasedDir is the folder of a released package in the repository.
func releasedDir(name string) string { return filepath.Join("..", "..", "models", name) }

// Released packages give on this machine, with all of its kernels, the bits that
// were recorded when they were made, and point where the float32 model on XLA
// pointed.
func TestReleasedPackagesFollowTheirRecordings(t *testing.T) {
	for _, name := range models.Names() {
		t.Run(name, func(t *testing.T) {
			dir := releasedDir(name)
			r, err := ReadRecording(dir)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(r.Backend, "xla") || len(r.Texts) != recordedTexts {
				t.Errorf("%d texts were recorded on %s, want %d on XLA", len(r.Texts), r.Backend, recordedTexts)
			}
			for _, kernelName := range []string{"", "avx2", "wazero"} {
				k, err := kernels.Named(kernelName)
				if err != nil {
					t.Log(err)
					continue
				}
				e, err := native.Open(os.DirFS(dir), native.Options{Kernels: k})
				if err != nil {
					t.Fatal(err)
				}
				a, err := r.Compare(t.Context(), e)
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%s: cosine to the float model: mean %.4f, least %.4f", k.Name(), a.Mean, a.Least)
				if a.Mean < 0.97 {
					t.Errorf("%s: mean cosine to the float model %.4f, want 0.97", k.Name(), a.Mean)
				}
				if !a.Identical {
					t.Errorf("%s: other bits than recorded", k.Name())
				}
			}
		})
	}
}

// The reference kernels, which are the specification, give the bits of the
// fastest ones with the released model too. They are slow: short texts only.
func TestReleasedPackageOnReferenceKernels(t *testing.T) {
	if testing.Short() {
		t.Skip("the reference kernels take seconds")
	}
	dir := releasedDir(models.DefaultName)
	fast := openNative(t, dir)
	slow, err := native.Open(os.DirFS(dir), native.Options{Kernels: kernel.NewReference()})
	if err != nil {
		t.Fatal(err)
	}
	r, err := ReadRecording(dir)
	if err != nil {
		t.Fatal(err)
	}
	short := &Recording{}
	for _, text := range r.Texts {
		if len(text.Text) < 32 && len(short.Texts) < 6 {
			short.Texts = append(short.Texts, text)
		}
	}
	want, err := short.embed(t.Context(), fast)
	if err != nil {
		t.Fatal(err)
	}
	got, err := short.embed(t.Context(), slow)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range short.Texts {
		if !bytes.Equal(bytesOf(got[i]), bytesOf(want[i])) {
			t.Errorf("%q: the reference kernels give other bits than %s", text.Text, fast.KernelName())
		}
	}
	if len(short.Texts) < 6 {
		t.Errorf("only %d short texts", len(short.Texts))
	}
}

// A recording holds what was recorded, and notices another package, other bits
// and damage.
func TestRecording(t *testing.T) {
	b, err := backend.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	dir, src := tinymodel.WriteBert(t), tinymodel.NewBert(1)
	r, err := Record(t.Context(), b, src, os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Write(dir); err != nil {
		t.Fatal(err)
	}
	if r, err = ReadRecording(dir); err != nil {
		t.Fatal(err)
	}
	e := openNative(t, dir)
	a, err := r.Compare(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	if !a.Identical || a.Mean < 0.98 || a.Least > a.Mean {
		t.Errorf("the recorded package gives %+v", a)
	}
	r.Texts[0].Query = !r.Texts[0].Query // which gives it another vector
	if a, err = r.Compare(t.Context(), e); err != nil || a.Identical {
		t.Errorf("other vectors give %+v, error %v", a, err)
	}
	r.Texts[1].Vector = r.Texts[1].Vector[:8]
	if _, err = r.Compare(t.Context(), e); err == nil {
		t.Error("a cut vector was compared")
	}

	other := tinymodel.Write(t)
	copyFile(t, filepath.Join(other, RecordingName), filepath.Join(dir, RecordingName))
	if _, err := ReadRecording(other); err == nil || !strings.Contains(err.Error(), "another package") {
		t.Errorf("a recording of another package: %v", err)
	}
	if _, err := Record(t.Context(), b, tinymodel.New(1), os.DirFS(dir)); err == nil {
		t.Error("a checkpoint with another vocabulary was recorded")
	}
	for _, damage := range []string{"", "text", "\x1f\x8b\x08\x00cut"} {
		if err := os.WriteFile(filepath.Join(dir, RecordingName), []byte(damage), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadRecording(dir); err == nil || !strings.Contains(err.Error(), RecordingName) || !strings.Contains(err.Error(), "--record") {
			t.Errorf("damage %q: error %v does not name file and remedy", damage, err)
		}
	}
}

// A package with fewer tokens than its checkpoint is recorded with its own.
func TestRecordingOfReducedVocabulary(t *testing.T) {
	b, err := backend.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	src := tinymodel.NewBert(1)
	reduced, err := vocabulary.WithoutUnused(src)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "p")
	if _, err := export.Export(t.Context(), reduced, dir, export.Options{Name: "p", Precision: export.Precision{Weights: 7}}); err != nil {
		t.Fatal(err)
	}
	r, err := Record(t.Context(), b, src, os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	a, err := r.Compare(t.Context(), openNative(t, dir))
	if err != nil || !a.Identical || a.Least < 0.997 {
		t.Errorf("%+v, error %v; want cosines of 0.997 and more", a, err)
	}
}

func copyFile(t *testing.T, to, from string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestWithoutFolders(t *testing.T) {
	got := withoutFolders(`xla:/home/a/b/plugin.so - PJRT "cpu" plugin (/home/a/b/plugin.so) v0.72 [2 device(s)]`)
	if want := `xla:plugin.so - PJRT "cpu" plugin (plugin.so) v0.72 [2 device(s)]`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
