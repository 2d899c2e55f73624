//go:build race

package bottest_test

// underRace says that the race detector slows everything tenfold. What runs in
// one goroutine is then tried at fewer places.
const underRace = true
