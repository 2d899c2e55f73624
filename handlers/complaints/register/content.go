package register

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/handlers/complaints/mask"
	"cchcbot/knowledge/directory"
)

// Content is a public text: what everybody reads. Names are kept as they were when
// it was written, since bodies and communes change theirs.
type Content struct {
	Title     string         `json:"title"`
	Question  string         `json:"question"`
	Kind      cases.Kind     `json:"kind"`
	Field     string         `json:"field"`
	FieldName string         `json:"field_name"`
	Place     string         `json:"place,omitempty"` // of the directory
	PlaceName string         `json:"place_name,omitempty"`
	Street    string         `json:"street,omitempty"`
	Filed     time.Time      `json:"filed"`
	Answers   []PublicAnswer `json:"answers"`
	Photos    []string       `json:"photos,omitempty"` // ids of bot/media
}

// PublicAnswer is an answer as everybody reads it.
type PublicAnswer struct {
	Round      int       `json:"round"`
	Agency     string    `json:"agency"`
	AgencyName string    `json:"agency_name"`
	Sent       time.Time `json:"sent"`
	Late       bool      `json:"late"`
	Text       string    `json:"text"`
	Basis      string    `json:"basis,omitempty"` // the law or finding it rests on
}

// Last is the answer that counts; the zero value when there is none.
func (c Content) Last() PublicAnswer {
	if len(c.Answers) == 0 {
		return PublicAnswer{}
	}
	return c.Answers[len(c.Answers)-1]
}

// Limits of a public text, in letters; photos in pieces.
const (
	maxTitle    = 120
	maxQuestion = 4000
	maxAnswer   = bot.MaxText
	maxStreet   = 120
	maxBasis    = 500
	maxPhotos   = 10
)

// proposal is what the program proposes to publish of a case: what was written,
// with personal matter hidden, and no picture yet. What the citizen added later is left
// out: the question whether it may be public was asked of the first words only.
func (g *Register) proposal(ctx context.Context, c cases.Case, a cases.Actor) (Content, error) {
	body, err := g.opt.Desk.Body(ctx, c.ID, a)
	if err != nil {
		return Content{}, err
	}
	out := Content{Question: cut(mask.Public(strings.TrimSpace(body.What)), maxQuestion)}
	out.Title = firstSentence(out.Question)
	return out, g.frame(ctx, &out, c, a)
}

// frame sets what officers cannot write: the facts of the case, and who answered when.
func (g *Register) frame(ctx context.Context, out *Content, c cases.Case, a cases.Actor) error {
	dir := g.opt.Directory()
	out.Kind, out.Field, out.Filed = c.Kind, c.Field, c.Filed
	if f, ok := dir.Field(c.Field); ok {
		out.FieldName = f.Name
	}
	out.Place, out.PlaceName = c.Place.ID, placeName(dir, c.Place.ID)
	answers, err := g.opt.Desk.Answers(ctx, c.ID, a)
	if err != nil {
		return err
	}
	old := out.Answers
	out.Answers = nil
	for _, x := range answers {
		p := PublicAnswer{Round: x.Round, Agency: x.Agency, AgencyName: agencyName(dir, x.Agency), Sent: x.Sent, Late: x.Late, Text: cut(mask.Public(x.Text), maxAnswer), Basis: cut(mask.Public(x.Check.BasisText), maxBasis)}
		for _, o := range old {
			if o.Round == x.Round {
				p.Text = o.Text
			}
		}
		out.Answers = append(out.Answers, p)
	}
	return nil
}

// placeName is a commune with its district where it needs one.
func placeName(dir *directory.Directory, id string) string {
	p, ok := dir.Place(id)
	if !ok {
		return ""
	}
	return dir.Title(p, nil)
}

func agencyName(dir *directory.Directory, id string) string {
	if a, ok := dir.Agency(id); ok {
		return a.Name
	}
	return id
}

// firstSentence is a title made of the beginning of a text.
func firstSentence(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.IndexAny(s, ".!?\n;"); i > 0 {
		s = s[:i]
	}
	const most = 90
	if utf8.RuneCountInString(s) <= most {
		return strings.TrimSpace(s)
	}
	s = string([]rune(s)[:most])
	if i := strings.LastIndexByte(s, ' '); i > most/2 {
		s = s[:i]
	}
	return strings.TrimSpace(s) + "…"
}

func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n])
}

// left counts what in a text still looks personal, by kind.
func (c Content) left() map[mask.What]int {
	out := map[mask.What]int{}
	texts := []string{c.Title, c.Question, c.Street}
	for _, a := range c.Answers {
		texts = append(texts, a.Text)
	}
	for _, s := range texts {
		for _, h := range mask.Find(s) {
			out[h.What]++
		}
	}
	return out
}

// articleData is what the template "article" shows.
type articleData struct {
	Content
	Code   string
	Photos []photoView
}

type photoView struct {
	Number      int
	Full, Thumb string
}

// articlePhotos are addresses of the pictures of a text under a path.
func articlePhotos(c Content, address func(id string, thumb bool) string) []photoView {
	var out []photoView
	for i, id := range c.Photos {
		out = append(out, photoView{Number: i + 1, Full: address(id, false), Thumb: address(id, true)})
	}
	return out
}

// publicPhoto is where everybody sees a picture of an entry.
func publicPhoto(code string) func(id string, thumb bool) string {
	return func(id string, thumb bool) string {
		path := listPath + "/" + code + "/anh/" + id
		if thumb {
			path += "?nho=1"
		}
		return path
	}
}

// article renders the part of the public page that people propose and confirm, in
// Vietnamese; the page of the register holds the same bytes. In English only the labels differ.
func (g *Register) article(lang, code string, c Content, address func(string, bool) string) ([]byte, error) {
	return g.kit.Part(g.views["entry"], lang, "article", articleData{Content: c, Code: code, Photos: articlePhotos(c, address)})
}

// hash is what a proposal and a confirmation are bound to: the bytes of the article
// as everybody will read them. Pictures are named by ids that never stand for other bytes.
func (g *Register) hash(code string, c Content) (string, error) {
	b, err := g.article("vi", code, c, publicPhoto(code))
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// html is an article for a page, with pictures from elsewhere where the case is not public yet.
func (g *Register) html(lang, code string, c Content, address func(string, bool) string) (template.HTML, error) {
	b, err := g.article(lang, code, c, address)
	return template.HTML(b), err //nolint:gosec // html/template made it
}

func textPlace(code string, revision int64) string {
	return "complaints/register/" + code + "/" + strconv.FormatInt(revision, 10)
}

func whyPlace(code string, revision int64) string { return textPlace(code, revision) + "/why" }

func (g *Register) seal(c Content, place string) ([]byte, error) {
	raw, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("write public text: %w", err)
	}
	sealed, err := g.opt.Sealer.Seal(raw, place)
	if err != nil {
		return nil, fmt.Errorf("seal public text: %w", err)
	}
	return sealed, nil
}

func (g *Register) open(sealed []byte, place string) (Content, error) {
	var c Content
	raw, err := g.opt.Sealer.Open(sealed, place)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil {
		return c, fmt.Errorf("open public text: %w", err)
	}
	return c, nil
}

// publicable reports whether a case may be published at all.
func publicable(c cases.Case) bool { return c.Public && !c.Sensitive && !c.State.Hidden() }

// area lists the ids of a place by which its entries are found: those of the units
// of today and of earlier days that it is, is part of or was made of.
func area(dir *directory.Directory, id string) []string {
	out := []string{id}
	p, ok := dir.Place(id)
	if !ok || p.Level == directory.District {
		return out
	}
	add := func(units ...*directory.Place) {
		for _, u := range units {
			if !slices.Contains(out, u.ID) {
				out = append(out, u.ID)
			}
		}
	}
	add(p.Districts()...)
	days := []*directory.Directory{dir}
	for _, day := range []string{"2021-06-01", "2025-03-01"} {
		t, err := time.Parse(time.DateOnly, day)
		if err == nil {
			days = append(days, dir.At(t))
		}
	}
	for _, d := range days {
		for _, part := range d.Today(p) {
			add(part.Place)
		}
	}
	return out
}
