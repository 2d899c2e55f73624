package faketelegram

import "sync"

// Work counts what a fake platform has under way, requests and deliveries, so that
// closing it waits for them. The zero value is open.
type Work struct {
	mu     sync.Mutex
	closed bool
	under  sync.WaitGroup
}

// Enter counts something until Done. It is false once Close was called: nothing begins then.
func (w *Work) Enter() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.under.Add(1)
	}
	return !w.closed
}

// Done ends what Enter began.
func (w *Work) Done() { w.under.Done() }

// Close lets nothing begin any more, and returns when all that had begun is over.
func (w *Work) Close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.under.Wait()
}
