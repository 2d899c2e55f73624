package sources

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxMarkup is how much of one text of an entry is read, in bytes.
const maxMarkup = 256 << 10

// silent elements hold nothing that people read, or, as text, what was meant as markup.
func silent(a atom.Atom) bool {
	switch a {
	case atom.Script, atom.Style, atom.Embed, atom.Head, atom.Plaintext:
		return true
	}
	return slices.Contains(swallowers[:], a)
}

// swallowers are the silent elements that take all that follows when nobody closes them, as feeds leave them.
var swallowers = [...]atom.Atom{atom.Noscript, atom.Iframe, atom.Object, atom.Template, atom.Svg, atom.Math, atom.Select, atom.Textarea, atom.Button,
	atom.Audio, atom.Video, atom.Canvas, atom.Title, atom.Xmp, atom.Noembed, atom.Noframes}

// tags are the ways to open a swallower; selfClosed, to open and close it at once, which HTML does not know.
var tags, selfClosed = func() (open, closed map[atom.Atom]*regexp.Regexp) {
	open, closed = map[atom.Atom]*regexp.Regexp{}, map[atom.Atom]*regexp.Regexp{}
	for _, a := range swallowers {
		open[a] = regexp.MustCompile(`(?i)<` + a.String() + `(?:[\s/][^<>]*)?>`)
		closed[a] = regexp.MustCompile(`(?i)<` + a.String() + `(?:\s[^<>]*)?/>`)
	}
	return open, closed
}()

// closing leaves out the tags of silent elements that would swallow the text behind them. What it leaves
// may be any markup: it is read by a parser afterwards.
func closing(markup string) string {
	lower := strings.ToLower(markup)
	for _, a := range swallowers {
		if !strings.Contains(lower, "<"+a.String()) {
			continue
		}
		markup = selfClosed[a].ReplaceAllString(markup, " ")
		if len(tags[a].FindAllStringIndex(markup, -1)) > strings.Count(lower, "</"+a.String()) {
			markup = tags[a].ReplaceAllString(markup, " ")
		}
	}
	return markup
}

// plain is the text of markup: paragraphs and lists on lines of their own, without
// scripts, pictures and tags. Text without markup comes back as it is.
func plain(markup string) string {
	if len(markup) > maxMarkup {
		markup = markup[:maxMarkup]
	}
	// Characters that are not shown go first: between "<" and a name they would hide a tag.
	markup = strings.Map(visible, strings.ToValidUTF8(markup, ""))
	for range 2 { // a "<" that is text keeps away from a tag: the parser may drop the tag and join what is left
		markup = strings.ReplaceAll(markup, "<<", "< <")
	}
	markup = closing(markup)
	body := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	roots, err := html.ParseFragment(strings.NewReader(markup), body)
	if err != nil { // nested deeper than the parser goes
		return lines(flat(markup))
	}
	var b strings.Builder
	for _, root := range roots {
		walk(&b, root)
	}
	return lines(b.String())
}

func visible(r rune) rune {
	if r == '\n' || r == '\r' || r == '\t' {
		return ' '
	}
	switch r {
	case 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, 0xFFFC, utf8.RuneError:
		return -1
	}
	if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Variation_Selector) {
		return -1
	}
	return r
}

// walk writes the text of a node and of all below it, without a call for each level.
func walk(b *strings.Builder, root *html.Node) {
	for n := root; ; {
		quiet := n.Type == html.ElementNode && silent(n.DataAtom)
		switch {
		case n.Type == html.TextNode:
			write(b, n.Data)
		case n.Type == html.ElementNode && !quiet:
			b.WriteString(around(n.DataAtom, html.StartTagToken))
		}
		if n.FirstChild != nil && !quiet {
			n = n.FirstChild
			continue
		}
		for {
			if n.Type == html.ElementNode && !silent(n.DataAtom) {
				b.WriteString(around(n.DataAtom, html.EndTagToken))
			}
			if n == root {
				return
			}
			if n.NextSibling != nil {
				n = n.NextSibling
				break
			}
			n = n.Parent
		}
	}
}

// write adds text. A "<" at the end of what stands there makes no tag together with it.
func write(b *strings.Builder, text string) {
	if text != "" && strings.HasSuffix(b.String(), "<") && !unicode.IsSpace(rune(text[0])) {
		b.WriteByte(' ')
	}
	b.WriteString(text)
}

// flat is the text of markup without regard to what stands in what. Text that a tag makes raw is left out.
func flat(markup string) string {
	z := html.NewTokenizer(strings.NewReader(markup))
	var b strings.Builder
	for raw := false; ; {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			if !raw {
				write(&b, string(z.Text()))
			}
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			a := atom.Lookup(name)
			raw = kind != html.EndTagToken && silent(a)
			b.WriteString(around(a, kind))
		}
	}
}

// around is what stands for a tag in plain text.
func around(a atom.Atom, kind html.TokenType) string {
	switch a {
	case atom.Br, atom.Hr:
		if kind == html.EndTagToken {
			return ""
		}
		return "\n"
	case atom.Li:
		if kind == html.StartTagToken {
			return "\n- "
		}
		return "\n"
	case atom.Td, atom.Th:
		return " "
	case atom.P, atom.Div, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Blockquote, atom.Figure, atom.Table, atom.Section, atom.Article:
		return "\n\n"
	case atom.Tr, atom.Ul, atom.Ol, atom.Pre, atom.Figcaption, atom.Dd, atom.Dt:
		return "\n"
	}
	return ""
}

// lines tidies lines: no spaces at their ends, at most one empty line between.
func lines(s string) string {
	var out []string
	for line := range strings.SplitSeq(s, "\n") {
		line = strings.Join(strings.Fields(line), " ")
		if line == "-" || line == "" && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		out = append(out, line)
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}

// cut shortens a text to at most n letters, at the end of a word where there is one.
func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	end := n - 1 // the sign that it goes on is a letter too
	at := end
	for at > end/2 && !unicode.IsSpace(r[at]) {
		at--
	}
	if at <= end/2 { // one endless word
		for at = end; at > 1 && unicode.Is(unicode.M, r[at]); at-- {
		}
	}
	return strings.TrimRightFunc(string(r[:at]), func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",;:–-", r) }) + "…"
}
