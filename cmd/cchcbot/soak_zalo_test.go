//go:build soak

package main

import (
	"encoding/json"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestTenThousandZaloDeliveries posts 10,000 signed deliveries of 2,000 people
// from 16 posters, out of order, with 5 % of them twice, and besides 1 % with a
// wrong signature and 1 % that are malformed. Every good one is in the inbox
// once and nothing else is; memory stays flat; nothing personal is logged.
//
//	go test -tags soak -run TenThousandZalo -v ./cmd/cchcbot
func TestTenThousandZaloDeliveries(t *testing.T) {
	const good, posters = 10_000, 16
	h := newZaloHooked(t, false)
	type delivery struct{ body, signature string }
	var all []delivery
	for n := range int64(good) {
		body := string(zaloBody(n, n%2000, "Nguyễn Bí Mật hỏi giấy khai sinh"))
		d := delivery{body, zaloSign([]byte(body))}
		all = append(all, d)
		switch {
		case n%20 == 0:
			all = append(all, d) // again
		case n%100 == 1:
			all = append(all, delivery{strings.Replace(body, "n", "N", 1), d.signature}) // changed on the way
		case n%100 == 2:
			all = append(all, delivery{body[:len(body)/2], d.signature})
		}
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, start := heap(), time.Now()
	var next atomic.Int64
	took := make([]times, posters)
	var posting sync.WaitGroup
	for p := range posters {
		posting.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(all) {
					return
				}
				at := time.Now()
				if err := postSigned(h.client, h.url, []byte(all[i].body), zaloHeader, all[i].signature); err != nil {
					t.Errorf("delivery %d: %v", i, err)
					return
				}
				took[p] = append(took[p], time.Since(at))
			}
		})
	}
	posting.Wait()
	var inbox int
	if err := h.data.db.Get(t.Context(), `select count(*) from inbox where state = 'pending'`, nil, &inbox); err != nil {
		t.Fatal(err)
	}
	counts := h.zalo.Counts()
	grown := int64(heap()) - int64(before)
	var every times
	for _, ts := range took {
		every = append(every, ts...)
	}
	report, _ := json.Marshal(counts) // four numbers
	t.Logf("%d deliveries in %s: inbox %d, %s, heap grew by %d KB, acknowledged p50 %s p99 %s", len(all), time.Since(start).Round(time.Millisecond),
		inbox, report, grown>>10, every.at(0.5), every.at(0.99))
	if inbox != good {
		t.Errorf("%d updates in the inbox, want %d", inbox, good)
	}
	if counts.Verified != good+good/20 || counts.Forged != good/100 || counts.Unsigned != good/100 {
		t.Errorf("counted %+v", counts)
	}
	if grown > 16<<20 {
		t.Errorf("memory grew by %d MB", grown>>20)
	}
	for _, secret := range []string{"Bí Mật", "khai sinh", zaloHookSecret, "app-secret", "2468458835"} {
		if strings.Contains(h.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}
