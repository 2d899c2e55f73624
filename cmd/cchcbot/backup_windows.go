package main

import (
	"math"

	"golang.org/x/sys/windows"
)

// diskFree is how many bytes this user may still write on the disk of a folder, -1 when unknown.
func diskFree(dir string) int64 {
	p, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return -1
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(p, &free, nil, nil); err != nil {
		return -1
	}
	return int64(min(free, math.MaxInt64))
}
