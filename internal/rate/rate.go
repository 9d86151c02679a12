// Package rate measures how fast a call runs on a machine that others share.
package rate

import "time"

// window is the least time of a measurement: long against the clock's resolution and
// short against a scheduler's time slice, so that some have the core to themselves.
const window = time.Millisecond / 2

// Best returns the operations per second, in units of 10^9, of the fastest of many
// windows of calls, each of the given number of operations, that fill the time.
func Best(within time.Duration, operations float64, call func()) float64 {
	count := 1
	var best float64
	for deadline := time.Now().Add(within); best == 0 || time.Now().Before(deadline); {
		start := time.Now()
		for range count {
			call()
		}
		if took := time.Since(start); took < window {
			count *= 2
		} else {
			best = max(best, operations*float64(count)/took.Seconds()/1e9)
		}
	}
	return best
}
