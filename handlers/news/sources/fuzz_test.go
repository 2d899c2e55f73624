package sources

import (
	"bytes"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"cchcbot/handlers/news/items"
	"cchcbot/knowledge/vietnamese"
)

func mustParse(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err) // the tests write their own addresses
	}
	return u
}

// aTag begins markup; nobody who escapes nothing writes it as text.
var aTag = regexp.MustCompile(`</?[a-zA-Z]`)

// FuzzPlain: the text of markup holds no markup, unless that was escaped.
func FuzzPlain(f *testing.F) {
	for _, s := range []string{"<title><script>alert(1)</script></title>", "<xmp><b onclick=x>đậm</b></xmp>", "Mở <iframe src='x'/> đầu <b>đậm</b>", "<svg><title><b>x",
		"<<i></i>script>", "<\x00b>", "<math><mi><style><img src=x>", "<table><xmp><a>x</a></table>", "<select><xmp><b>", "<svg><![CDATA[<b>x</b>]]></svg>y", "<plaintext><b>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, markup string) {
		got := plain(markup)
		if !utf8.ValidString(got) {
			t.Fatalf("%q", got)
		}
		if got = vietnamese.Clean(got); !strings.ContainsRune(markup, '&') && aTag.MatchString(got) {
			t.Fatalf("markup in %q", got)
		}
	})
}

// FuzzDraft: whatever a feed holds, it is refused, or its drafts keep the limits of items.
func FuzzDraft(f *testing.F) {
	f.Add([]byte(rss(article("1", "Tin <b>một</b>", "/tin?utm_source=a", "10"))), "text/xml")
	f.Add([]byte(`<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><title type="xhtml"><div>a</div></title><content type="html">&lt;p&gt;</content></entry></feed>`), "application/atom+xml; charset=utf-16")
	f.Add([]byte("\xff\xfe<\x00r\x00s\x00s\x00>\x00"), "")
	f.Add([]byte(`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><item><title>`+strings.Repeat("à", 2000)), "text/xml; charset=windows-1258")
	s := &service{opt: Options{Clean: vietnamese.Clean, Fold: vietnamese.Fold}}
	src := source{ID: 1, Name: "Báo", Kind: items.SourceNewspaper, Topic: items.TopicReform}
	at := mustParse("https://bao.example.vn/rss")
	f.Fuzz(func(t *testing.T, raw []byte, kind string) {
		if len(raw) > 64<<10 {
			return
		}
		list, err := readFeed(raw, kind, at)
		if err != nil {
			return
		}
		if len(list) > maxEntries {
			t.Fatalf("%d entries", len(list))
		}
		for _, e := range list {
			c, ok := s.draftOf(src, e)
			k := s.keysOf(src, e)
			if len(k.lasting()) == 0 || k.title == "" {
				t.Fatal("an entry that is not known again")
			}
			if !ok {
				continue
			}
			for _, x := range []struct {
				text string
				most int
			}{{c.Title, items.MaxTitle}, {c.Summary, items.MaxSummary}, {c.Body, items.MaxBody}} {
				if n := utf8.RuneCountInString(vietnamese.Clean(x.text)); n > x.most || !utf8.ValidString(x.text) {
					t.Fatalf("%d letters, at most %d: %q", n, x.most, x.text)
				}
			}
			if vietnamese.Clean(c.Title) == "" || vietnamese.Clean(c.Summary) == "" {
				t.Fatalf("an empty draft of %+v", e)
			}
			if tag := c.Title + "\n" + c.Summary + "\n" + c.Body; !bytes.ContainsRune(raw, '&') && aTag.MatchString(tag) {
				t.Fatalf("markup in %q", tag)
			}
			if c.Link != "" && (len(c.Link) > maxLink || !strings.HasPrefix(c.Link, "http")) {
				t.Fatalf("link %q", c.Link)
			}
		}
	})
}
