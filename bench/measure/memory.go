package measure

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// PrivateMemory returns the MB that a process has written and shares with no other; pages of program
// files that nobody else happens to run do not count. It knows them on Linux only.
func PrivateMemory(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, fmt.Errorf("the memory of a process is known on Linux only: %w", err)
	}
	total := 0.0
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) != 3 || fields[0] != "Private_Dirty:" {
			continue
		}
		kib, err := strconv.ParseFloat(fields[1], 64)
		if err != nil {
			return 0, fmt.Errorf("process %d: %q: %w", pid, line, err)
		}
		total += kib * 1024 / 1e6
	}
	return total, nil
}
