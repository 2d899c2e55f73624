package web

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"time"
)

// Feed is a list of published things for feed readers (Atom, RFC 4287).
type Feed struct {
	Lang    string // of its texts
	Title   string
	Author  string
	Self    string // address of the feed
	Page    string // address of the page that it follows; also its id
	Updated time.Time
	Entries []FeedEntry
}

// FeedEntry is one thing of a [Feed].
type FeedEntry struct {
	Address    string // of its page; also its id
	Title      string
	Author     string
	Summary    string
	Published  time.Time
	Updated    time.Time
	Categories []FeedCategory
}

// FeedCategory says what an entry is about: an id and its name.
type FeedCategory struct {
	Term  string `xml:"term,attr"`
	Label string `xml:"label,attr"`
}

type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Links   []atomLink  `xml:"link"`
	Author  string      `xml:"author>name"`
	Entries []atomEntry `xml:"entry"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID         string         `xml:"id"`
	Title      string         `xml:"title"`
	Published  string         `xml:"published"`
	Updated    string         `xml:"updated"`
	Link       atomLink       `xml:"link"`
	Author     string         `xml:"author>name"`
	Categories []FeedCategory `xml:"category"`
	Summary    string         `xml:"summary"`
}

// ServeFeed answers with a feed. Times are written in zone. On an error nothing was written.
func ServeFeed(w http.ResponseWriter, f Feed, zone *time.Location) error {
	stamp := func(t time.Time) string {
		if t.IsZero() {
			t = time.Unix(0, 0) // the standard asks for a time
		}
		return t.In(zone).Format(time.RFC3339)
	}
	page := func(href string) atomLink { return atomLink{"alternate", "text/html", href} }
	out := atomFeed{Lang: f.Lang, ID: f.Page, Title: f.Title, Updated: stamp(f.Updated), Author: f.Author,
		Links: []atomLink{{"self", "application/atom+xml", f.Self}, page(f.Page)}}
	for _, e := range f.Entries {
		out.Entries = append(out.Entries, atomEntry{ID: e.Address, Title: e.Title, Published: stamp(e.Published), Updated: stamp(e.Updated),
			Link: page(e.Address), Author: e.Author, Categories: e.Categories, Summary: e.Summary})
	}
	b, err := xml.MarshalIndent(out, "", " ")
	if err != nil {
		return fmt.Errorf("write feed: %w", err)
	}
	w.Header().Set("Content-Type", "application/atom+xml; charset=utf-8")
	_, _ = w.Write(append([]byte(xml.Header), b...)) // a client that went away needs no answer
	return nil
}
