package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"
)

// dataUse says what a command does where DATA holds no database.
type dataUse int

const (
	needsData dataUse = iota // says so: a mistyped DATA must not become a new, empty bot
	makesData                // makes it: that is what the command is for
	takesIn                  // makes it, and says so
	embedded                 // works with what ships with the program, and makes nothing
	ownEyes                  // never looks into it, or says by itself what is not there
)

// usesOfData are those of the commands that may run without data; every other needs it.
var usesOfData = map[string]dataUse{
	"serve":            makesData,
	"chat":             makesData,
	"migrate":          takesIn,
	"knowledge import": takesIn,
	"ask":              embedded,
	"knowledge check":  embedded,
	"knowledge exam":   embedded,
	"calendar show":    embedded,
	"calendar due":     embedded,
	"complaints route": ownEyes,
	"restore":          ownEyes,
	"doctor":           ownEyes,
	"healthcheck":      ownEyes,
	"docs":             ownEyes,
	"version":          ownEyes,
}

// useOf says what the command that was typed does where there is no data.
func (c *CLI) useOf(command string) dataUse {
	if c.Knowledge.Import.DryRun {
		return embedded
	}
	return usesOfData[command]
}

// commandName is a command as it is typed, without the program and its arguments.
func commandName(n *kong.Node) string {
	if n == nil || n.Type != kong.CommandNode {
		return ""
	}
	if above := commandName(n.Parent); above != "" {
		return above + " " + n.Name
	}
	return n.Name
}

// findData looks whether there is the data that a command needs, before it runs. done removes
// what was made for this run only.
func findData(use dataUse, cfg *Config, says io.Writer) (done func() error, err error) {
	done = func() error { return nil }
	if use == makesData || use == ownEyes || holdsDatabase(cfg.Data) {
		return done, nil
	}
	if err := restoreUnderWay(cfg.Data); err != nil {
		return done, err
	}
	folder, err := filepath.Abs(cfg.Data)
	if err != nil {
		folder = cfg.Data
	}
	switch use {
	case takesIn:
		fmt.Fprintf(says, "There is no data in %s yet; it is begun there.\n", folder)
	case embedded:
		fmt.Fprintf(says, "There is no data in %s; what ships with the program is used.\n", folder)
		own, err := os.MkdirTemp("", "cchcbot-embedded-")
		if err != nil {
			return done, err
		}
		cfg.Data, cfg.SecretKey = own, ""
		return func() error { return os.RemoveAll(own) }, nil
	default:
		return done, &usageError{fmt.Sprintf("there is no data in %s: is DATA (--data) the folder of `cchcbot serve`? "+
			"A new one is made by the first start of `serve`, or by `cchcbot migrate`", folder)}
	}
	return done, nil
}

// holdsDatabase reports whether a folder holds a database that was begun, also one that cannot be
// looked at: what is wrong with that the command will say.
func holdsDatabase(folder string) bool {
	info, err := os.Stat(filepath.Join(folder, databaseFile))
	if err != nil {
		return os.IsPermission(err)
	}
	return info.Size() > 0
}
