// Package codes is the table of what the Zalo Official Account API answers:
// error numbers and what each asks of the sender. It is data, shared by the
// client and by the fake server of tests, so that both speak of the same thing.
package codes

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
)

//go:embed codes.tsv
var files embed.FS

// Action is what an error number asks for. The set is closed.
type Action string

// The actions.
const (
	OK         Action = "ok"
	NextMinute Action = "next_minute" // over the calls of a minute: wait for the next
	Retry      Action = "retry"       // back off and try again
	Reupload   Action = "reupload"    // the upload expired: upload again, then retry
	Refresh    Action = "refresh"     // the access token is no longer good
	HoldWrites Action = "hold_writes" // wait until the citizen writes
	HoldDay    Action = "hold_day"    // wait for the morning
	HoldReset  Action = "hold_reset"  // wait until the quota is counted anew
	HoldPerson Action = "hold_person" // a person has to look
	DropPerson Action = "drop_person" // this recipient takes nothing any more
	DropKind   Action = "drop_kind"   // this recipient takes no message of this kind
	Feature    Action = "feature"     // this account may not use this feature
	Grant      Action = "grant"       // the app may not use this API: nothing of its kind can be sent until an operator acts
	Stop       Action = "stop"        // nothing can be sent until an operator acts
	Bug        Action = "bug"         // the request is wrong
	Processing Action = "processing"  // an article is not ready yet
)

// Code is one row.
type Code struct {
	Number  int
	Action  Action
	Meaning string // English, ours
}

// Table is the rows by number.
type Table map[int]Code

// Load reads the embedded table.
func Load() (Table, error) {
	raw, err := files.ReadFile("codes.tsv")
	if err != nil {
		return nil, fmt.Errorf("zalo codes: %w", err)
	}
	t := Table{}
	for i, line := range strings.Split(strings.TrimSpace(string(raw)), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 3 {
			return nil, fmt.Errorf("zalo codes: line %d has %d cells", i+1, len(cells))
		}
		n, err := strconv.Atoi(cells[0])
		if err != nil {
			return nil, fmt.Errorf("zalo codes: line %d: %w", i+1, err)
		}
		if _, dup := t[n]; dup {
			return nil, fmt.Errorf("zalo codes: %d stands twice", n)
		}
		t[n] = Code{Number: n, Action: Action(cells[1]), Meaning: cells[2]}
	}
	return t, nil
}
