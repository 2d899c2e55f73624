package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A restore is prepared in a folder inside DATA. What was checked is moved out of it, the media first, and
// the database last of all. So where there is such a folder and no database, a restore was broken off, or is
// under way. One that begins to move media leaves a mark: with it, files in DATA are known to be its own.

const (
	stagingPrefix = ".restore-"
	movingMark    = "moving"
)

// brokenOff lists the prepared folders of restores that did not come to their end.
func brokenOff(folder string) []string {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil // whoever needs the folder says what is wrong with it
	}
	var found []string
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), stagingPrefix) {
			found = append(found, filepath.Join(folder, e.Name()))
		}
	}
	return found
}

// restoreUnderWay fails where a restore was broken off before the database was in place. A bot that began
// there would be an empty one among the files of the old, and no restore would touch it any more.
func restoreUnderWay(folder string) error {
	found := brokenOff(folder)
	if len(found) == 0 || there(filepath.Join(folder, databaseFile)) {
		return nil
	}
	return fmt.Errorf("a restore into %s has not come to its end. If it was broken off, run `cchcbot restore FILE` again: "+
		"it begins anew and clears away what is left. To begin without any data instead, remove %s, and %s if it is there",
		folder, strings.Join(found, ", "), filepath.Join(folder, mediaFolder))
}

// takeBackBroken removes what restores that were killed left behind; where there is no database, the media
// that one had put in place too. The caller holds the folder's lock.
func takeBackBroken(folder string) error {
	database := there(filepath.Join(folder, databaseFile))
	for _, staged := range brokenOff(folder) {
		moved := filepath.Join(staged, mediaFolder)
		if !database && there(filepath.Join(staged, databaseFile)) && there(filepath.Join(staged, movingMark)) && !there(moved) {
			// Into the prepared folder and not removed in place: to be killed here changes nothing.
			if err := os.Rename(filepath.Join(folder, mediaFolder), moved); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		if err := removeStaged(staged); err != nil {
			return err
		}
	}
	return nil
}

// removeStaged removes a prepared folder, the media last: a mark without them would stand for media in place.
func removeStaged(staged string) error {
	entries, err := os.ReadDir(staged)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != mediaFolder {
			if err := os.RemoveAll(filepath.Join(staged, e.Name())); err != nil {
				return err
			}
		}
	}
	return os.RemoveAll(staged)
}

// moveMarked moves the media of a prepared folder, after the mark that says whose they are.
func moveMarked(staged, from, to string) error {
	if err := errors.Join(os.WriteFile(filepath.Join(staged, movingMark), nil, 0o600), syncDir(staged)); err != nil {
		return err
	}
	return os.Rename(from, to)
}

func there(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
