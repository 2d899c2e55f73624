package complaints

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
)

//go:embed phrases.tsv
var phrasesFile string

// The kinds of phrases.tsv.
const (
	objection   = "objection"
	addressWord = "address"
	hazard      = "hazard"
	still       = "still"
	assent      = "assent"
	refusal     = "refusal"
	filler      = "filler"
	fileWord    = "file"
	publishWord = "publish"
	withhold    = "withhold"
	ignorance   = "ignorance"
	announce    = "announce"
	wish        = "wish"
	takeBack    = "withdraw"
	addMore     = "add"
	whom        = "whom"
	reportWord  = "tell"
	spot        = "spot"
	asking      = "ask"
	oops        = "oops"
	intro       = "intro"
	phoneWord   = "phone"
	marked      = "marked"
	unsolved    = "unsolved"
	solved      = "solved"
)

// marks are the kinds of the five marks, in their order.
var marks = [...]string{"mark1", "mark2", "mark3", "mark4", "mark5"}

// loadPhrases reads the table once.
var loadPhrases = sync.OnceValues(func() (map[string][]string, error) { return readPhrases(phrasesFile) })

// readPhrases reads rows of a kind and its phrases. The first wrong line is an error, and so
// is a kind without any.
func readPhrases(data string) (map[string][]string, error) {
	out := map[string][]string{
		objection: nil, addressWord: nil, hazard: nil, still: nil, assent: nil, refusal: nil, filler: nil,
		fileWord: nil, publishWord: nil, withhold: nil, ignorance: nil,
		announce: nil, wish: nil, takeBack: nil, addMore: nil, whom: nil, reportWord: nil, spot: nil, asking: nil, oops: nil, intro: nil, phoneWord: nil,
		marked: nil, unsolved: nil, solved: nil,
	}
	for _, kind := range marks {
		out[kind] = nil
	}
	for n, line := range strings.Split(data, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		kind, list, _ := strings.Cut(line, "\t")
		if have, known := out[kind]; !known || have != nil {
			return nil, fmt.Errorf("phrases.tsv:%d: kind %q is not known or came before", n+1, kind)
		}
		for p := range strings.SplitSeq(list, " | ") {
			if p == "" || p != strings.TrimSpace(p) || p != strings.ToLower(p) || strings.ContainsAny(p, "|\t") {
				return nil, fmt.Errorf("phrases.tsv:%d: %q is empty, or has capitals, spaces around it or a sign that parts phrases", n+1, p)
			}
			out[kind] = append(out[kind], p)
		}
	}
	for kind, list := range out {
		if list == nil {
			return nil, fmt.Errorf("phrases.tsv: no %s", kind)
		}
	}
	return out, nil
}
