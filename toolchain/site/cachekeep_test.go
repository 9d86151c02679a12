package site

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const testModel = "ab12"

func openCache(t *testing.T, dir string, slack int64) *Cache {
	t.Helper()
	c, err := OpenCache(dir, testModel, 8)
	if err != nil {
		t.Fatal(err)
	}
	c.slack = slack
	return c
}

// numbered returns the texts of numbers in [from, to).
func numbered(from, to int) []string {
	var list []string
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprintf("text %d", i))
	}
	return list
}

// build does what a build of a source does with the cache; it returns how many texts
// it had to embed.
func build(t *testing.T, c *Cache, source string, list []string) (embedded int) {
	t.Helper()
	var missing []string
	var vectors [][]float32
	for _, text := range list {
		if c.Get(text) == nil {
			missing, vectors = append(missing, text), append(vectors, []float32{float32(len(text)), 0, 0, 0, 0, 0, 0, 1})
		}
	}
	if err := c.Add(missing, vectors); err != nil {
		t.Fatal(err)
	}
	if err := c.Keep(source, slices.Values(list)); err != nil {
		t.Fatal(err)
	}
	return len(missing)
}

func cacheSize(t *testing.T, dir string) int {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, testModel+".vectors"))
	if err != nil {
		t.Fatal(err)
	}
	return int(info.Size())
}

// have says which of the texts a newly opened cache has.
func have(t *testing.T, dir string, list []string) (found int) {
	t.Helper()
	c := openCache(t, dir, 0)
	for _, text := range list {
		if v := c.Get(text); v != nil {
			if v[0] != float32(len(text)) {
				t.Errorf("%s has another text's vector", text)
			}
			found++
		}
	}
	return found
}

// However often a site changes, its cache stays within twice what its newest build
// uses and the slack, and holds all of that.
func TestCacheIsBounded(t *testing.T) {
	dir := t.TempDir()
	c := openCache(t, dir, 1000)
	record := len(c.record(nil, key{}, make([]byte, 4*8)))
	build(t, c, "other site", numbered(5000, 5050))
	for round := range 40 {
		if round%3 == 0 {
			c = openCache(t, dir, 1000) // another process
		}
		now := numbered(20*round, 20*round+100)
		build(t, c, "site", now)
		if size := cacheSize(t, dir); size > cacheHeader+2*150*record+1000 {
			t.Fatalf("after %d builds the cache has %d bytes", round+1, size)
		}
		if found := have(t, dir, now); found != 100 {
			t.Fatalf("after %d builds %d of 100 used vectors are left", round+1, found)
		}
		if again := build(t, c, "site", now); again != 0 {
			t.Fatalf("%d texts were embedded again", again)
		}
	}
	if found := have(t, dir, numbered(5000, 5050)); found != 50 {
		t.Errorf("%d of the other site's 50 vectors are left", found)
	}
	if found := have(t, dir, numbered(0, 500)); found > 100 {
		t.Errorf("%d vectors that nobody uses are left", found)
	}
}

// A build that runs while another one replaces the file finds its vectors the next
// time, used before or not.
func TestCacheIsSharedWhileItIsCompacted(t *testing.T) {
	dir := t.TempDir()
	slow := openCache(t, dir, 0)
	build(t, slow, "slow", numbered(0, 10))
	mine := numbered(5, 60)
	if err := slow.Add([]string{"text 59"}, [][]float32{{7, 0, 0, 0, 0, 0, 0, 1}}); err != nil { // its build is not over
		t.Fatal(err)
	}
	quick := openCache(t, dir, 0)
	for i := range 10 {
		build(t, quick, "quick", numbered(1000+100*i, 1100+100*i))
	}
	if found := have(t, dir, []string{"text 59"}); found != 0 {
		t.Fatal("nothing was dropped: this tests nothing")
	}
	build(t, slow, "slow", mine)
	if found := have(t, dir, mine); found != len(mine) {
		t.Errorf("%d of %d vectors are left", found, len(mine))
	}
	if found := have(t, dir, numbered(1900, 2000)); found != 100 {
		t.Errorf("of the other's newest build %d of 100 are left", found)
	}
}

// Whatever is left of a build that ended at any moment, no vector that a list names
// is lost, and the next build tidies up.
func TestCacheSurvivesKilledBuilds(t *testing.T) {
	if dir := os.Getenv("EFFIR_TEST_CACHE"); dir != "" {
		for i := 0; ; i++ { // until it is killed
			build(t, openCache(t, dir, 0), "killed", numbered(10_000+50*i, 10_200+50*i))
		}
	}
	dir := t.TempDir()
	kept := numbered(0, 200)
	build(t, openCache(t, dir, 0), "kept", kept)
	for range 15 {
		command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCacheSurvivesKilledBuilds$")
		command.Env = append(os.Environ(), "EFFIR_TEST_CACHE="+dir)
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(40+5*time.Now().UnixNano()%37) * time.Millisecond)
		_ = command.Process.Kill()
		_ = command.Wait()
		if found := have(t, dir, kept); found != len(kept) {
			t.Fatalf("%d of %d vectors are left after a build was killed", found, len(kept))
		}
	}
	build(t, openCache(t, dir, 0), "killed", numbered(0, 1))
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range left {
		if strings.Contains(entry.Name(), ".vectors.tmp") {
			t.Errorf("%s is left", entry.Name())
		}
	}
	if found := have(t, dir, kept); found != len(kept) {
		t.Errorf("%d of %d vectors are left", found, len(kept))
	}
}

// A list that cannot be read keeps everything, for it may have named it.
func TestCacheKeepsWhatADamagedListMayName(t *testing.T) {
	dir := t.TempDir()
	build(t, openCache(t, dir, 0), "a", numbered(0, 50))
	lists, err := filepath.Glob(filepath.Join(dir, "*.uses"))
	if err != nil || len(lists) != 1 {
		t.Fatal(lists, err)
	}
	data, err := os.ReadFile(lists[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, damaged := range [][]byte{data[:len(data)-40], flip(data, len(data)/2), nil} {
		if err := os.WriteFile(lists[0], damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			build(t, openCache(t, dir, 0), "b", numbered(1000+100*i, 1100+100*i))
		}
		if found := have(t, dir, numbered(0, 50)); found != 50 {
			t.Errorf("%d of 50 vectors are left", found)
		}
	}
	build(t, openCache(t, dir, 0), "a", numbered(0, 50))
	build(t, openCache(t, dir, 0), "b", numbered(1400, 1500))
	if found := have(t, dir, numbered(1000, 1100)); found != 0 {
		t.Errorf("with all lists whole again %d unused vectors are left", found)
	}
}

// Sources and models without a build for a long time are forgotten.
func TestCacheForgets(t *testing.T) {
	dir := t.TempDir()
	build(t, openCache(t, dir, 0), "gone", numbered(0, 50))
	past := time.Now().Add(-forgotten - time.Hour)
	lists, _ := filepath.Glob(filepath.Join(dir, "*.uses"))
	for _, name := range append(lists, filepath.Join(dir, "ffff.vectors"), filepath.Join(dir, "ffff.vectors.lock"), filepath.Join(dir, "eeee.vectors"), filepath.Join(dir, "eeee.11.uses")) {
		if _, err := os.Stat(name); err != nil {
			if err := os.WriteFile(name, []byte("of another model"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if filepath.Base(name) == "eeee.11.uses" {
			continue // built not long ago
		}
		if err := os.Chtimes(name, past, past); err != nil {
			t.Fatal(err)
		}
	}
	build(t, openCache(t, dir, 0), "here", numbered(100, 110))
	if found := have(t, dir, numbered(0, 50)); found != 0 {
		t.Errorf("%d vectors of a source that is gone are left", found)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	got := strings.Join(names, " ")
	if strings.Contains(got, "ffff") || !strings.Contains(got, "eeee.vectors") || strings.Count(got, ".uses") != 2 {
		t.Errorf("left: %s", got)
	}
}
