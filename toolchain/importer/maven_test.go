package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// standInForMaven copies the served file to the output directory of dependency:copy, if
// dependency:get was called before, which it notes beside the served file.
func standInForMaven(served string, args []string) error {
	argument := func(name string) string {
		for _, arg := range args {
			if value, ok := strings.CutPrefix(arg, "-D"+name+"="); ok {
				return value
			}
		}
		return ""
	}
	noted := served + ".got"
	const artifact = "org.example:tiny-model:1.0"
	switch {
	case slices.Contains(args, "dependency:get") && argument("artifact") == artifact && argument("transitive") == "false":
		if _, err := os.Stat(served); err != nil {
			return errors.New("could not find artifact " + artifact)
		}
		return os.WriteFile(noted, nil, 0o644)
	case slices.Contains(args, "dependency:copy") && argument("artifact") == artifact+":jar":
		if _, err := os.Stat(noted); err != nil {
			return errors.New("not in the local repository")
		}
		content, err := os.ReadFile(served)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(argument("outputDirectory"), "tiny-model-1.0.jar"), content, 0o644)
	}
	return fmt.Errorf("called with %q", args)
}

func TestImportWithMaven(t *testing.T) {
	content := archive(t, map[string][]byte{
		"tiny.onnx": readFile(t, "testdata/bert/opset11.onnx"), "tiny-tokenizer.json": readFile(t, "testdata/bert/tokenizer.json"),
	})
	fake(t, "mvn", writeFile(t, filepath.Join(t.TempDir(), "served.jar"), content))
	sum := sha256.Sum256(content)
	source := "maven:org.example:tiny-model:1.0#sha256=" + hex.EncodeToString(sum[:])
	opts := Options{CacheDir: t.TempDir()}
	dest := filepath.Join(t.TempDir(), "m")
	result, err := Import(t.Context(), source, dest, opts)
	if err != nil {
		t.Fatal(err)
	}
	wantTinyBERT(t, dest)
	if p := result.Config.Provenance; p.Source != source || p.SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("provenance is %+v", p)
	}
	wantFiles(t, opts.CacheDir, "jars/tiny-model-1.0-"+hex.EncodeToString(sum[:6])+".jar")

	// From now on neither Maven nor its repository is needed.
	t.Setenv("PATH", t.TempDir())
	if r, err := Import(t.Context(), source, dest, opts); err != nil || !r.Unchanged {
		t.Errorf("second import: %+v, %v", r, err)
	}
	if r, err := Import(t.Context(), source, filepath.Join(t.TempDir(), "other"), opts); err != nil || r.Unchanged {
		t.Errorf("import from the cache: %+v, %v", r, err)
	}
}

func TestMavenErrors(t *testing.T) {
	source := "maven:org.example:tiny-model:1.0#sha256=" + zeros(64)
	opts := Options{CacheDir: t.TempDir()}
	dest := filepath.Join(t.TempDir(), "m")

	fake(t, "mvn", filepath.Join(t.TempDir(), "missing"))
	_, err := Import(t.Context(), source, dest, opts)
	wantError(t, err, source, "", "could not find artifact")

	fake(t, "mvn", writeFile(t, filepath.Join(t.TempDir(), "served.jar"), []byte("something else")))
	_, err = Import(t.Context(), source, dest, opts)
	wantError(t, err, source, "SHA-256", "want "+zeros(64))

	t.Setenv("PATH", t.TempDir())
	_, err = Import(t.Context(), source, dest, opts)
	wantError(t, err, source, "", "was not found on PATH")

	_, err = Import(t.Context(), "maven:org.example:tiny-model:1.0", dest, opts)
	wantError(t, err, "maven:org.example:tiny-model:1.0", "", "no hash is known")
	_, err = Import(t.Context(), "maven:tiny-model", dest, opts)
	wantError(t, err, "maven:tiny-model", "", "not of the form maven:group:artifact:version")

	wantFiles(t, opts.CacheDir)
	if _, err := os.Stat(dest); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something is at the destination (%v)", err)
	}
}
