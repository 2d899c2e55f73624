package desk

import (
	"net/http"
	"strconv"
	"time"
)

type revisionView struct {
	Number int
	At     time.Time
	Who    string
	Hash   string
	Path   string // compares it with the one before
	Here   bool
}

type revisionsData struct {
	Style       string
	Row         row
	Back        string
	Revisions   []revisionView
	Before, Now int
	Differences []difference
	First       bool // there is nothing before it
	Fields      []field
}

// showRevisions lists the edits of an item and compares one with the one before it.
func (s *service) showRevisions(w http.ResponseWriter, r *http.Request) {
	it, ok := s.find(w, r)
	if !ok {
		return
	}
	list, err := s.opt.Desk.Revisions(r.Context(), it.ID, actor(r))
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	name := s.namer(r)
	d := revisionsData{Style: stylePath, Row: s.head(r, it, name), Back: itemPath(it.ID), Now: it.Revision}
	at := 0
	for i, x := range list {
		if strconv.Itoa(x.Number) == r.URL.Query().Get("n") {
			at, d.Now = i, x.Number
		}
	}
	for i, x := range list {
		d.Revisions = append(d.Revisions, revisionView{Number: x.Number, At: x.At, Who: name(x.Author), Hash: shortHash(x.Hash),
			Path: itemPath(it.ID) + "/revisions?n=" + strconv.Itoa(x.Number), Here: i == at})
	}
	switch {
	case at+1 < len(list):
		d.Before = list[at+1].Number
		d.Differences = s.differences(r, list[at+1].Content, list[at].Content)
	case len(list) > 0:
		d.First = true
		for _, x := range s.spelled(r, list[at].Content) {
			if x.text != "" {
				d.Fields = append(d.Fields, x)
			}
		}
	}
	s.render(w, r, http.StatusOK, "revisions", d)
}
