//go:build redis

package redis

// tagged is true when the tests that start a redis-server are asked for.
const tagged = true
