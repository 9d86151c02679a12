package site

import (
	"context"
	"runtime"
	"sync"
)

// parallel calls do for 0 to n-1 on all cores. progress, which may be nil, is
// told after each call how many have ended. A cancelled context is an error.
func parallel(ctx context.Context, n int, progress func(done, total int), do func(i int)) error {
	var (
		mu         sync.Mutex
		next, done int
		wait       sync.WaitGroup
	)
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1, next <= n && ctx.Err() == nil
	}
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for i, more := take(); more; i, more = take() {
				do(i)
				mu.Lock()
				done++
				if progress != nil {
					progress(done, n)
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return ctx.Err()
}
