//go:build race

package bottest

// UnderRace says that the race detector slows everything tenfold. What runs in
// one goroutine is then tried at fewer places.
const UnderRace = true
