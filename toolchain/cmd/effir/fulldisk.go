package main

import (
	"errors"
	"fmt"
	"syscall"
)

// withRemedy says what to do about a full disk. The error itself names a temporary file, since what
// commands write gets its own name only when it is complete.
func withRemedy(err error) error {
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, full) {
			return fmt.Errorf("%w: make room and give the command again; nothing half-written has its final name, and what was there before is intact", err)
		}
	}
	return err
}
