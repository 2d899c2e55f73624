package sources

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"cchcbot/handlers/news/items"
)

// draftOf makes the draft of an entry: cleaned, cut at the ends of words to what an item
// takes. It reports false when the entry has no title.
func (s *service) draftOf(src source, e entry) (items.Content, bool) {
	c := items.Content{
		Title: cut(s.opt.Clean(e.title), items.MaxTitle), Link: e.link, SourceKind: src.Kind, SourceName: src.Name, Topics: []string{src.Topic},
	}
	if strings.Trim(c.Title, "… ") == "" {
		return c, false
	}
	summary, body := s.opt.Clean(e.summary), s.opt.Clean(e.body)
	if summary == "" {
		summary = body
	}
	if summary == "" {
		summary = c.Title
	}
	c.Summary = cut(summary, items.MaxSummary)
	if body == "" && c.Summary != summary {
		body = summary // nothing of a long description is lost
	}
	if body != c.Summary {
		c.Body = cut(body, items.MaxBody)
	}
	return c, true
}

// digest is a short key of a text.
func digest(kind, text string) string {
	sum := sha256.Sum256([]byte(kind + "\x1f" + text))
	return kind + ":" + hex.EncodeToString(sum[:16])
}

// keys are what an entry is known again by: its own id in this source, its link
// without what changes nothing, its title. Those that it lacks are "".
type keys struct{ guid, link, title string }

func (k keys) lasting() []string {
	return slices.DeleteFunc([]string{k.guid, k.link}, func(s string) bool { return s == "" })
}

func (k keys) all() []string { return append(k.lasting(), k.title) }

func (s *service) keysOf(src source, e entry) keys {
	var k keys
	if e.guid != "" {
		k.guid = digest("guid", strconv.FormatInt(src.ID, 10)+"\x1f"+e.guid)
	}
	if e.link != "" {
		k.link = linkKey(e.link)
	}
	k.title = s.titleKey(e.title)
	if k.guid == "" && k.link == "" {
		k.guid = digest("guid", strconv.FormatInt(src.ID, 10)+"\x1f"+e.title+"\x1f"+e.at.UTC().Format(time.RFC3339))
	}
	return k
}

func (s *service) titleKey(title string) string {
	return digest("title", strings.Join(strings.Fields(s.opt.Fold(s.opt.Clean(title))), " "))
}

// linkKey is the same for all ways to write an address that lead to one page.
func linkKey(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return digest("link", link)
	}
	host := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
	if p := u.Port(); p != "" && p != "80" && p != "443" {
		host += ":" + p
	}
	params := strings.Split(items.WithoutTracking(u.RawQuery), "&")
	slices.Sort(params)
	return digest("link", host+strings.TrimRight(u.EscapedPath(), "/")+"?"+strings.Join(params, "&"))
}
