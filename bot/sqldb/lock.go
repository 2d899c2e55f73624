package sqldb

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// lockName is the file in a data folder that the running process holds.
const lockName = "serve.lock"

var errHeld = errors.New("held")

// LockFolder makes this process the only one that serves a data folder, until
// unlock or its end, however it ends. ErrBusy names the process that holds it.
func LockFolder(dir string) (unlock func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("%w: folder %s: %w", ErrNotWritable, dir, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotWritable, err)
	}
	if err := lockFile(f); err != nil {
		holder := "another process"
		if b, rerr := io.ReadAll(io.LimitReader(f, 20)); rerr == nil {
			if pid, perr := strconv.Atoi(strings.TrimSpace(string(b))); perr == nil && pid > 0 {
				holder = fmt.Sprintf("process %d", pid)
			}
		}
		if errors.Is(err, errHeld) {
			err = fmt.Errorf("%w: %s already serves the data in %s; stop it first", ErrBusy, holder, dir)
		}
		return nil, errors.Join(err, f.Close())
	}
	if err := writePID(f); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrNotWritable, err), f.Close())
	}
	// The file stays: removing it would let two processes hold two files of one name.
	return func() error { return errors.Join(f.Truncate(0), f.Close()) }, nil
}

func writePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}
