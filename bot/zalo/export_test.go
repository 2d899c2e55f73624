package zalo

import (
	"encoding/json"
	"testing"

	"cchcbot/bot/bottest/fakezalo"
)

// What the tests outside of the package need of it.

// World is an account with its platform.
type World = world

// NewWorld makes one.
func NewWorld(t testing.TB, change func(*fakezalo.Options, *Options)) *World {
	return newWorld(t, change)
}

// Fake is the platform.
func (w *world) Fake() *fakezalo.Server { return w.fake }

// Signature signs a delivery by its own timestamp.
func Signature(body []byte) string {
	stamp := stampOf
	var ev event
	if json.Unmarshal(body, &ev) == nil {
		stamp = ev.stamp()
	}
	return fakezalo.Sign(testApp, string(body), stamp, testOASecret)
}

// Names of the tests' world.
const (
	TestApp   = testApp
	TestOA    = testOA
	TestStamp = stampOf
)

// TestSecrets must never show.
var TestSecrets = []string{testAppSecret, testOASecret, "access-", "refresh-"}
