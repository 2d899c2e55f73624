//go:build !redis

package redis

const tagged = false
