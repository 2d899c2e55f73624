package desk

import (
	"net/http"
	"strconv"
	"strings"

	"cchcbot/handlers/news/items"
)

type speakData struct {
	Style     string
	Row       row
	Back      string
	Text      string // path of the file
	Sentences []string
	Words     int
	Minutes   int
}

// wordsAMinute is how fast somebody reads aloud so that a village understands, in syllables.
const wordsAMinute = 130

// aloud is an item as sentences to read aloud: it is announced, read, and its title said once more.
func (s *service) aloud(r *http.Request, it items.Item) []string {
	c := it.Content
	text := s.kit.T(r, "news.desk_speak_open") + "\n" + c.Title + ".\n" + c.Summary + "\n" + c.Body + "\n"
	if it.Corrects != 0 {
		text = s.kit.T(r, "news.desk_speak_corrects") + "\n" + text
	}
	text += s.kit.T(r, "news.desk_speak_source", "source", s.opt.Desk.Source("vi", c)) + "\n" + s.kit.T(r, "news.desk_speak_again", "title", c.Title)
	return s.words.Speak(text)
}

// showSpeak shows the text for the loudspeaker, to print.
func (s *service) showSpeak(w http.ResponseWriter, r *http.Request) {
	it, ok := s.find(w, r)
	if !ok {
		return
	}
	d := speakData{Style: stylePath, Row: s.head(r, it, s.namer(r)), Back: itemPath(it.ID), Text: itemPath(it.ID) + "/speak.txt", Sentences: s.aloud(r, it)}
	for _, x := range d.Sentences {
		d.Words += len(strings.Fields(x))
	}
	d.Minutes = (d.Words + wordsAMinute - 1) / wordsAMinute
	s.render(w, r, http.StatusOK, "speak", d)
}

// speakText is the text for the loudspeaker as a file.
func (s *service) speakText(w http.ResponseWriter, r *http.Request) {
	it, ok := s.find(w, r)
	if !ok {
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="loa-tin-`+strconv.FormatInt(it.ID, 10)+`.txt"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	// Old machines at communes open it in Notepad, which needs the mark and these line ends.
	_, _ = w.Write([]byte("\ufeff" + strings.Join(s.aloud(r, it), "\r\n") + "\r\n")) // a client that went away needs no answer
}
