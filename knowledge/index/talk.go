package index

import (
	"embed"
	"fmt"
	"strings"
	"unicode/utf8"

	"cchcbot/knowledge/vietnamese"
)

//go:embed splits.tsv joins.tsv situations.tsv asks.tsv sidewords.tsv
var talkFiles embed.FS

// talk is what the reading of whole messages knows: how two questions are
// joined, what a question back may go by, and situations of life. Each file says
// its format at its head.
type talk struct {
	splits     *splitTable
	joins      *joinTable
	situations *situationTable
	asking     *asking
	sideWords  *sideWords
}

func loadTalk() (*talk, error) {
	t := &talk{}
	err := readTalk("splits.tsv", func(data string) (err error) { t.splits, err = readSplits(data); return err })
	if err == nil {
		err = readTalk("joins.tsv", func(data string) (err error) { t.joins, err = readJoins(data); return err })
	}
	if err == nil {
		err = readTalk("situations.tsv", func(data string) (err error) { t.situations, err = readSituations(data); return err })
	}
	if err == nil {
		err = readTalk("asks.tsv", func(data string) (err error) { t.asking, err = readAsks(data); return err })
	}
	if err == nil {
		err = readTalk("sidewords.tsv", func(data string) (err error) { t.sideWords, err = readSideWords(data); return err })
	}
	return t, err
}

func readTalk(file string, read func(string) error) error {
	data, err := talkFiles.ReadFile(file)
	if err != nil {
		return err
	}
	if err := read(string(data)); err != nil {
		return fmt.Errorf("%s:%w", file, err)
	}
	return nil
}

// cover marks the words that phrases of a list cover, and returns their values
// as a set; words in skip are not looked at.
func (p *phrases) cover(ts []vietnamese.Token, toned bool, skip, covered []bool) uint32 {
	classes := make([]class, len(ts))
	set := p.bits(ts, toned, skip, classes)
	for i, c := range classes {
		covered[i] = covered[i] || c != 0
	}
	return set
}

// coverSides marks the words of phrases that name a side of a procedure, by a
// mode of at least that: modeNoun, or modeAsk for those that only ask.
func (x *Index) coverSides(ts []vietnamese.Token, toned bool, least int, covered []bool) {
	for i := 0; i < len(ts); {
		value, n := x.tables.facets.at(ts[i:], toned)
		for k := 0; k < n && value&modeMask >= least; k++ {
			covered[i+k] = true
		}
		i += max(n, 1)
	}
}

// eachRow calls f with the columns of every row; empty lines and lines that
// begin with # are passed over.
func eachRow(data string, columns int, f func(cols []string) error) error {
	for n, line := range strings.Split(data, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cols := strings.Split(line, "\t")
		if len(cols) != columns || !utf8.ValidString(line) {
			return fmt.Errorf("%d: want %d columns of UTF-8", n+1, columns)
		}
		if err := f(cols); err != nil {
			return fmt.Errorf("%d: %w", n+1, err)
		}
	}
	return nil
}
