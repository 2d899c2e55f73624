//go:build unix

package main

import "golang.org/x/sys/unix"

// diskFree is how many bytes this user may still write on the disk of a folder, -1 when unknown.
func diskFree(dir string) int64 {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return -1
	}
	return int64(s.Bavail) * int64(s.Bsize) //nolint:unconvert // Bsize has other types elsewhere
}
