package atomicfile

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// A temporary sibling of "name" is called ".name.tmp-PID-RANDOM", a folder moved aside during
// Dir.Commit ".name.old-PID-RANDOM". The process id tells a later run whether the owner may still
// be writing.
const (
	tempMark = ".tmp-"
	oldMark  = ".old-"
)

// live holds the temporary names that this process is using, because its own id does not tell
// (in a container every run may have the same id).
var live = struct {
	sync.Mutex
	names map[string]bool
}{names: map[string]bool{}}

// tempName makes up a fresh sibling name of path and notes it as live; forget releases it.
func tempName(path, mark string) string {
	var random [8]byte
	// crypto/rand.Read never fails: it ends the program instead.
	_, _ = rand.Read(random[:])
	dir, base := filepath.Split(filepath.Clean(path))
	name := filepath.Join(dir, "."+base+mark+strconv.Itoa(os.Getpid())+"-"+hex.EncodeToString(random[:]))
	live.Lock()
	defer live.Unlock()
	live.names[name] = true
	return name
}

func forget(name string) {
	live.Lock()
	defer live.Unlock()
	delete(live.names, name)
}

// removeStale removes what interrupted runs for the same final name left behind. It is best
// effort: what cannot be removed is only wasted disk space.
func removeStale(path string, remove func(string) error) {
	for _, mark := range []string{tempMark, oldMark} {
		for _, name := range stale(path, mark) {
			_ = remove(name)
		}
	}
}

// stale lists the temporary siblings of path whose owner is gone.
func stale(path, mark string) []string {
	dir, base := filepath.Split(filepath.Clean(path))
	if dir == "" {
		dir = "."
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, entry := range entries {
		rest, ok := strings.CutPrefix(entry.Name(), "."+base+mark)
		if !ok {
			continue
		}
		owner, _, _ := strings.Cut(rest, "-")
		pid, err := strconv.Atoi(owner)
		if err != nil || pid <= 0 {
			continue
		}
		name := filepath.Join(dir, entry.Name())
		if !inUse(name, pid) {
			names = append(names, name)
		}
	}
	return names
}

func inUse(name string, pid int) bool {
	if pid == os.Getpid() {
		live.Lock()
		defer live.Unlock()
		return live.names[name]
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	if runtime.GOOS == "windows" { // FindProcess has already looked; signal 0 is unknown there
		return true
	}
	err = process.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, os.ErrPermission)
}

// syncDir makes a rename inside dir survive a power failure. Windows cannot sync a folder.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
