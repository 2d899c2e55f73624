package sources

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mmcdole/gofeed"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/unicode"

	"cchcbot/bot/fetch"
	"cchcbot/handlers/news/items"
)

// Limits of what is taken from a stranger.
const (
	maxHops     = 5
	maxFeed     = 4 << 20 // bytes, unpacked
	fetchLimit  = 25 * time.Second
	maxEntries  = 300 // of a feed that are looked at, in its order
	maxDepth    = 100
	maxElements = 200_000
	maxLink     = 1000 // bytes, as of an item
)

// entry is one article of a feed, as plain text.
type entry struct {
	guid, title, summary, body, link string
	at                               time.Time // zero when the feed does not say
}

// answer is what a source answered.
type answer struct {
	same           bool // nothing new since the last time
	etag, modified string
	entries        []entry
}

// trouble is why a source cannot be read. code ends a text key.
type trouble struct {
	code   string
	detail int           // an HTTP status
	wait   time.Duration // what the server asked for
	err    error
}

func (t *trouble) Error() string { return "sources: " + t.code + ": " + fmt.Sprint(t.err) }
func (t *trouble) Unwrap() error { return t.err }

// Codes of troubles; the texts are news.sources_error_….
const (
	badAddress  = "address"
	badPrivate  = "private"
	badName     = "name" // no such host
	badTime     = "time"
	badSecure   = "secure" // TLS
	badReach    = "reach"
	badStatus   = "status"
	badGone     = "gone"
	badRedirect = "redirect"
	badLarge    = "large"
	badFeed     = "feed"
	badLetters  = "letters" // charset
)

// why names the trouble behind an error of the client.
func why(err error) *trouble {
	var dns *net.DNSError
	var timeout net.Error
	code := badReach
	switch {
	case errors.Is(err, fetch.ErrPrivate), errors.Is(err, fetch.ErrPort):
		code = badPrivate
	case errors.Is(err, fetch.ErrAddress):
		code = badAddress
	case errors.Is(err, fetch.ErrRedirects):
		code = badRedirect
	case errors.Is(err, fetch.ErrTooLarge):
		code = badLarge
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		code = badTime
	case errors.As(err, &dns):
		code = badName
	case strings.Contains(err.Error(), "tls:"), strings.Contains(err.Error(), "x509:"), strings.Contains(err.Error(), "certificate"):
		code = badSecure
	}
	return &trouble{code: code, err: fetch.Bare(err)}
}

// load opens a source. With etag and modified only what changed since is read.
// It fails with a *trouble.
func (s *service) load(ctx context.Context, address, etag, modified string) (answer, error) {
	if err := s.fetch.Check(address); err != nil {
		return answer{}, why(err)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return answer{}, &trouble{code: badAddress, err: err}
	}
	req.Header.Set("User-Agent", "cchcbot (+feed reader)")
	req.Header.Set("Accept", "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1")
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	if modified != "" {
		req.Header.Set("If-Modified-Since", modified)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return answer{}, why(err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotModified:
		return answer{same: true, etag: etag, modified: modified}, nil
	case resp.StatusCode == http.StatusGone || resp.StatusCode == http.StatusNotFound:
		return answer{}, &trouble{code: badGone, detail: resp.StatusCode, err: errors.New(resp.Status)}
	case resp.StatusCode != http.StatusOK:
		return answer{}, &trouble{code: badStatus, detail: resp.StatusCode, wait: retryAfter(resp, s.opt.Now()), err: errors.New("HTTP status")}
	}
	raw, err := fetch.Read(resp.Body, maxFeed)
	if err != nil {
		return answer{}, why(err)
	}
	a := answer{etag: short(resp.Header.Get("ETag")), modified: short(resp.Header.Get("Last-Modified"))}
	a.entries, err = readFeed(raw, resp.Header.Get("Content-Type"), resp.Request.URL)
	return a, err
}

// short keeps a header that is sent back, unless it is absurd.
func short(h string) string {
	if len(h) > 300 || !utf8.ValidString(h) || strings.ContainsFunc(h, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return ""
	}
	return h
}

// retryAfter is how long a server asks to be left alone, at most a day.
func retryAfter(resp *http.Response, now time.Time) time.Duration {
	h := resp.Header.Get("Retry-After")
	wait := time.Duration(0)
	if n, err := strconv.Atoi(h); err == nil && n > 0 {
		wait = time.Duration(min(n, 1<<20)) * time.Second
	} else if at, err := http.ParseTime(h); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), 24*time.Hour)
}

var declared = regexp.MustCompile(`^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["'][^>]*\?>`)

var declaration = regexp.MustCompile(`^\s*<\?xml[^>]*\?>`)

// inUTF8 is a document in UTF-8, without its declaration. What is valid UTF-8 is taken as
// such, whatever label it has: a wrong label is more common than a text that is so by chance.
func inUTF8(raw []byte, contentType string) ([]byte, error) {
	switch {
	case bytes.HasPrefix(raw, []byte{0xef, 0xbb, 0xbf}):
		raw = raw[3:]
	case bytes.HasPrefix(raw, []byte{0xfe, 0xff}), bytes.HasPrefix(raw, []byte{0xff, 0xfe}):
		out, err := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder().Bytes(raw)
		if err != nil {
			return nil, &trouble{code: badLetters, err: err}
		}
		raw = out
	}
	if !utf8.Valid(raw) {
		label := ""
		if m := declared.FindSubmatch(raw[:min(len(raw), 500)]); m != nil {
			label = string(m[1])
		} else if _, params, err := mime.ParseMediaType(contentType); err == nil {
			label = params["charset"]
		}
		enc, name := charset.Lookup(label)
		if enc == nil || name == "utf-8" || name == "replacement" {
			return nil, &trouble{code: badLetters, err: errors.New("not the letters that it says")}
		}
		out, err := io.ReadAll(io.LimitReader(enc.NewDecoder().Reader(bytes.NewReader(raw)), 4*maxFeed))
		if err != nil {
			return nil, &trouble{code: badLetters, err: err}
		}
		raw = out
	}
	return declaration.ReplaceAll(raw, nil), nil
}

// shallow fails when a document is nested so deep, or has so many elements, that no feed is.
func shallow(doc []byte) error {
	d := xml.NewDecoder(bytes.NewReader(doc))
	d.Strict = false
	depth, n := 0, 0
	for {
		tok, err := d.RawToken()
		if err != nil {
			return nil //nolint:nilerr // whether it is XML at all, the parser says
		}
		switch tok.(type) {
		case xml.StartElement:
			depth++
			n++
		case xml.EndElement:
			depth = max(depth-1, 0)
		}
		if depth > maxDepth || n > maxElements {
			return &trouble{code: badLarge, err: errors.New("nested too deep, or too many elements")}
		}
	}
}

// readFeed reads the entries of a feed, newest first. at is where it came from, for
// links that need it. It fails with a *trouble.
func readFeed(raw []byte, contentType string, at *url.URL) (list []entry, err error) {
	doc, err := inUTF8(raw, contentType)
	if err != nil {
		return nil, err
	}
	if err := shallow(doc); err != nil {
		return nil, err
	}
	defer func() {
		if p := recover(); p != nil { // a library that trips over a stranger's bytes must not end the program
			list, err = nil, &trouble{code: badFeed, err: fmt.Errorf("the parser gave up: %v", p)}
		}
	}()
	if gofeed.DetectFeedType(bytes.NewReader(doc[:min(len(doc), 4096)])) == gofeed.FeedTypeJSON {
		return nil, &trouble{code: badFeed, err: errors.New("JSON")}
	}
	feed, err := gofeed.NewParser().Parse(bytes.NewReader(doc))
	if err != nil {
		return nil, &trouble{code: badFeed, err: err}
	}
	base := at
	if u, err := url.Parse(feed.Link); err == nil && u.IsAbs() {
		base = u
	}
	for _, it := range feed.Items[:min(len(feed.Items), maxEntries)] {
		if it != nil {
			list = append(list, entryOf(it, base))
		}
	}
	slices.SortStableFunc(list, func(a, b entry) int { return b.at.Compare(a.at) })
	return list, nil
}

// entryOf is an entry in plain text.
func entryOf(it *gofeed.Item, base *url.URL) entry {
	e := entry{guid: it.GUID, title: strings.Join(strings.Fields(plain(it.Title)), " "), summary: plain(it.Description), body: plain(it.Content), link: webAddress(it.Link, base)}
	if it.PublishedParsed != nil {
		e.at = *it.PublishedParsed
	} else if it.UpdatedParsed != nil {
		e.at = *it.UpdatedParsed
	}
	if y := e.at.Year(); y < 1990 || y > 2200 {
		e.at = time.Time{} // a date that no article has
	}
	return e
}

// webAddress is a link of an entry as an item may carry it, without tracking
// parameters; "" when it is none that citizens can be led to.
func webAddress(link string, base *url.URL) string {
	u, err := url.Parse(strings.TrimSpace(link))
	if err != nil || link == "" {
		return ""
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	host := strings.ToLower(u.Hostname())
	if u.Scheme != "http" && u.Scheme != "https" || u.User != nil || !fetch.PublicHost(host) {
		return ""
	}
	u.RawQuery = items.WithoutTracking(u.RawQuery)
	if out := u.String(); len(out) <= maxLink && utf8.ValidString(out) {
		return out
	}
	return ""
}
