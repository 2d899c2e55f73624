package desk

import (
	"net/http"
	"strings"

	"cchcbot/handlers/news/items"
)

// difference is a field that two contents say differently.
type difference struct {
	Key   string // of the field's name
	Parts []part
	Now   string // the words of the later one
}

// part is a run of words: in both, only before, or only now.
type part struct {
	Text     string
	Old, New bool
}

// differences compares two contents field by field: before with now.
func (s *service) differences(r *http.Request, before, now items.Content) []difference {
	var out []difference
	a, b := s.spelled(r, before), s.spelled(r, now)
	for i := range a {
		if a[i].text != b[i].text {
			out = append(out, difference{Key: a[i].key, Parts: compare(a[i].text, b[i].text), Now: b[i].text})
		}
	}
	return out
}

type field struct{ key, text string }

// spelled are the fields of a content in words.
func (s *service) spelled(r *http.Request, c items.Content) []field {
	var topics []string
	for _, t := range c.Topics {
		topics = append(topics, s.opt.Desk.TopicName(s.kit.Lang(r), t))
	}
	file := func(id string) string {
		if v := s.file(r.Context(), id); v != nil {
			return v.Name + " " + id[:min(len(id), 6)] // names may be the same
		}
		return id
	}
	how := "news.desk_how_message"
	switch {
	case c.Quiet:
		how = "news.desk_how_column"
	case c.Article:
		how = "news.desk_how_article"
	}
	return []field{
		{"news.desk_field_title", c.Title}, {"news.desk_field_summary", c.Summary}, {"news.desk_field_body", c.Body}, {"news.desk_field_link", c.Link},
		{"news.desk_field_source", s.opt.Desk.Source(s.kit.Lang(r), c)}, {"news.desk_field_topics", strings.Join(topics, ", ")},
		{"news.desk_field_places", s.placeNames(r, c.Places, len(c.Places))}, {"news.desk_field_audience", c.Audience},
		{"news.desk_field_picture", file(c.Picture)}, {"news.desk_field_attachment", file(c.Attachment)}, {"news.desk_field_how", s.kit.T(r, how)},
	}
}

// maxCells bounds a comparison: beyond it the texts stand one after the other.
const maxCells = 4_000_000

// compare finds what was taken out of a text and what was put in, by words.
func compare(before, now string) []part {
	a, b := pieces(before), pieces(now)
	head, tail := 0, 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var out []part
	add := func(words []string, old, new bool) {
		text := strings.Join(words, "")
		if n := len(out); n > 0 && text != "" && out[n-1].Old == old && out[n-1].New == new {
			out[n-1].Text += text
		} else if text != "" {
			out = append(out, part{text, old, new})
		}
	}
	add(a[:head], false, false)
	x, y := a[head:len(a)-tail], b[head:len(b)-tail]
	if len(x)*len(y) > maxCells {
		add(x, true, false)
		add(y, false, true)
	} else {
		between(x, y, add)
	}
	add(a[len(a)-tail:], false, false)
	return out
}

// between walks the longest common run of words of two texts.
func between(x, y []string, add func(words []string, old, new bool)) {
	w := len(y) + 1
	common := make([]uint16, (len(x)+1)*w) // of what follows; no text has so many words
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if x[i] == y[j] {
				common[i*w+j] = common[(i+1)*w+j+1] + 1
			} else {
				common[i*w+j] = max(common[(i+1)*w+j], common[i*w+j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(x) || j < len(y) {
		switch {
		case i < len(x) && j < len(y) && x[i] == y[j]:
			add(x[i:i+1], false, false)
			i, j = i+1, j+1
		case j == len(y) || i < len(x) && common[(i+1)*w+j] >= common[i*w+j+1]:
			add(x[i:i+1], true, false)
			i++
		default:
			add(y[j:j+1], false, true)
			j++
		}
	}
}

// pieces parts a text into words, each with the space behind it.
func pieces(text string) []string {
	var out []string
	from := 0
	space := false
	for i, r := range text {
		is := r == ' ' || r == '\n'
		if space && !is {
			out = append(out, text[from:i])
			from = i
		}
		space = is
	}
	if from < len(text) {
		out = append(out, text[from:])
	}
	return out
}
