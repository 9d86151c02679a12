package checkpoint

import (
	"encoding/json"
	"path/filepath"
	"slices"
)

// ShardNames reads model.safetensors.index.json, which maps tensor names to the shards that hold
// them, and returns the shards' file names in alphabetical order. Which tensor is where, the
// shards' own headers say with more authority.
func ShardNames(path string) ([]string, error) {
	fail := func(field, problem string, err error) error {
		return &InputError{
			File: path, Field: field, Problem: problem, Err: err,
			Remedy: "use the index that was published with the shards",
		}
	}
	data, err := readLimited(path, maxConfig)
	if err != nil {
		return nil, err
	}
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, fail("", "is not valid JSON of the expected form", err)
	}
	if len(index.WeightMap) == 0 {
		return nil, fail("weight_map", "is missing or empty", nil)
	}
	var shards []string
	for tensor, name := range index.WeightMap {
		// A shard lies beside its index; anything else would reach into other folders.
		if name == "" || name != filepath.Base(name) || !filepath.IsLocal(name) {
			return nil, fail("weight_map."+tensor, "names no file of this folder: "+name, nil)
		}
		shards = append(shards, name)
	}
	slices.Sort(shards)
	return slices.Compact(shards), nil
}
