package site

import "testing"

// fuzz runs one parser of samples: it must neither panic nor give what cannot be
// used.
func fuzz(f *testing.F, names ...string) {
	parsers := samples(f).parsers()
	for _, name := range names {
		f.Add(parsers[name].valid)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, name := range names {
			_ = parsers[name].parse(data)
		}
	})
}

func FuzzManifest(f *testing.F)     { fuzz(f, "manifest") }
func FuzzDirectory(f *testing.F)    { fuzz(f, "directory") }
func FuzzTermShard(f *testing.F)    { fuzz(f, "term shard") }
func FuzzPassageShard(f *testing.F) { fuzz(f, "passage shard") }
func FuzzVectors(f *testing.F)      { fuzz(f, "vector file") }
func FuzzCluster(f *testing.F)      { fuzz(f, "cluster file", "nibble file") }
func FuzzFilter(f *testing.F)       { fuzz(f, "filter file") }
func FuzzSort(f *testing.F)         { fuzz(f, "sort file") }
