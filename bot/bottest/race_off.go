//go:build !race

package bottest

// UnderRace is explained in race_on.go.
const UnderRace = false
