package main

import (
	"fmt"

	"cchcbot/knowledge"
	"cchcbot/knowledge/exam"
	"cchcbot/knowledge/index"
)

// score is how often the first and one of the first three hits was right,
// whatever the search concluded.
type score struct{ n, first, three int }

func (s score) String() string {
	if s.n == 0 {
		return "-"
	}
	return fmt.Sprintf("%5.1f %5.1f", 100*float64(s.first)/float64(s.n), 100*float64(s.three)/float64(s.n))
}

// ablate prints what is lost when a part is left out: with the curated entries,
// the same without tones, and with the national list alone.
func ablate(entries, listed []*knowledge.Entry, qs []exam.Question) error {
	fmt.Println("left out                    curated too  without tones  national only   (first, first three, %)")
	row := func(name string, off index.Part) error {
		x, err := index.New(entries, index.Options{Without: off})
		if err != nil {
			return err
		}
		y, err := index.New(listed, index.Options{Without: off})
		if err != nil {
			return err
		}
		fmt.Printf("%-26s %s    %s    %s\n", name, ask(x, qs, false), ask(x, qs, true), ask(y, qs, false))
		return nil
	}
	if err := row("nothing", 0); err != nil {
		return err
	}
	for _, p := range index.Parts {
		if err := row(p.Name, p.Part); err != nil {
			return err
		}
	}
	fmt.Println()
	return nil
}

func ask(x *index.Index, qs []exam.Question, toneless bool) score {
	var s score
	for _, q := range qs {
		if q.OutOfScope || !known(x, q.Codes) {
			continue
		}
		text := q.Text
		if toneless {
			text = exam.StripTones(text)
		}
		s.n++
		for i, h := range x.Search(knowledge.Query{Text: text, Limit: 20}).Hits[:] {
			if i == 3 {
				break
			}
			if right(h, q.Codes) {
				s.three++
				if i == 0 {
					s.first++
				}
				break
			}
		}
	}
	return s
}

func known(x *index.Index, codes []string) bool {
	for _, c := range codes {
		if _, ok := x.ByCode(c); ok {
			return true
		}
	}
	return false
}
