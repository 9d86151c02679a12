package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/effir/effir/models"
	"github.com/effir/effir/wasm/model"
	"github.com/effir/effir/wasm/model/modeldir"
)

// modelFlag adds --model, which openModel understands.
func modelFlag(f *pflag.FlagSet, target *string) {
	f.StringVar(target, "model", models.DefaultName, "model package: a folder, or the name of a released one")
}

// openModel opens the model package in a folder or, where there is no such
// folder, the released one of that name, and checks its manifest.
func openModel(name string) (fs.FS, error) {
	files := os.DirFS(name)
	if _, err := os.Stat(name); err != nil {
		released, unknown := models.Open(name)
		if unknown != nil {
			return nil, fmt.Errorf("model package %s: %w; give the folder that holds %s or a released package: %s",
				name, errors.Unwrap(err), model.FileName, strings.Join(models.Names(), ", "))
		}
		files = released
	}
	if _, _, err := modeldir.Open(files); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return files, nil
}

// isReleased says whether name means a package of this program.
func isReleased(name string) bool {
	_, err := os.Stat(name)
	return err != nil && slices.Contains(models.Names(), name)
}
