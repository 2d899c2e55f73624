package fakezalo

import (
	"slices"
	"strings"
	"time"
)

// article is a post of the account.
type article struct {
	id string
	Article
	asked int  // how often it was verified since it was handed in
	ready bool // moderation is over
}

// Article is a post of the account as its followers read it.
type Article struct {
	Title, Description, Author string
	Cover                      string
	Body                       []string
	Announced                  int // broadcasts that carried it
}

// verifyAfter is how often the answer is "still processed" before it is ready.
const verifyAfter = 2

func read(q *request) (Article, error) {
	a := Article{Title: text(q.body["title"]), Description: text(q.body["description"]), Author: text(q.body["author"]), Cover: text(object(q.body, "cover")["photo_url"])}
	switch {
	case a.Title == "" || len([]rune(a.Title)) > 150:
		return a, no(-210, "title is invalid")
	case len([]rune(a.Description)) > 300 || len([]rune(a.Author)) > 50:
		return a, no(-210, "description or author exceeds the limit")
	case len(list(q.body["body"])) == 0:
		return a, no(-201, "body is empty")
	}
	for _, b := range list(q.body["body"]) {
		block := object(b)
		if text(block["type"]) != "text" || text(block["content"]) == "" {
			return a, no(-201, "body is invalid")
		}
		a.Body = append(a.Body, text(block["content"]))
	}
	return a, nil
}

func (s *Server) createArticle(q *request) (any, error) {
	a, err := read(q)
	if err != nil {
		return nil, err
	}
	token := s.id("token")
	s.articles[token] = &article{id: s.id("article"), Article: a}
	return map[string]any{"token": token}, nil
}

// updateArticle gives an article other words; they are looked at like new ones.
func (s *Server) updateArticle(q *request) (any, error) {
	old := s.byArticle(text(q.body["id"]))
	if old == nil {
		return nil, no(-201, "id is invalid")
	}
	a, err := read(q)
	if err != nil {
		return nil, err
	}
	a.Announced = old.Announced
	old.Article, old.asked = a, 0
	token := s.id("token")
	s.articles[token] = old
	return map[string]any{"token": token}, nil
}

// Articles lists the posts of the account, by their titles.
func (s *Server) Articles() []Article {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[*article]bool{}
	var out []Article
	for _, a := range s.articles {
		if !seen[a] {
			seen[a] = true
			out = append(out, a.Article)
		}
	}
	slices.SortFunc(out, func(a, b Article) int { return strings.Compare(a.Title, b.Title) })
	return out
}

func (s *Server) verifyArticle(q *request) (any, error) {
	a := s.articles[text(q.body["token"])]
	if a == nil {
		return nil, no(-201, "token is invalid")
	}
	if a.asked++; a.asked <= verifyAfter {
		return nil, no(-214, "article is processing")
	}
	a.ready = true
	return map[string]any{"id": a.id}, nil
}

// broadcast sends articles to all followers: one a day each, some a month, and
// not at night. Everything else that this path once took is shut down.
func (s *Server) broadcast(q *request) (any, error) {
	payload := object(q.body, "message", "attachment", "payload")
	if object(q.body, "recipient", "target") == nil && object(q.body, "recipient")["target"] == nil || text(payload["template_type"]) != "media" {
		return nil, no(-240, "this API was shut down")
	}
	elements := list(payload["elements"])
	if len(elements) == 0 || len(elements) > 5 {
		return nil, no(-210, "elements exceed the limit")
	}
	now := s.opt.Now().In(zone)
	if now.Hour() >= 22 || now.Hour() < 6 {
		return nil, no(-234, "not allowed between 22:00 and 06:00")
	}
	var posts []*article
	for _, e := range elements {
		e := object(e)
		a := s.byArticle(text(e["attachment_id"]))
		if text(e["media_type"]) != "article" || a == nil || !a.ready {
			return nil, no(-201, "attachment_id is invalid")
		}
		posts = append(posts, a)
	}
	id := s.id("msg")
	for _, a := range posts {
		a.Announced++
	}
	for _, p := range s.people {
		if p.follows && p.mayGet(now, s.opt.ArticlesPerMonth) {
			p.articles = append(p.articles, now)
			for _, a := range posts {
				p.chat = append(p.chat, Message{ID: id, From: "oa", Text: a.Title, Media: []string{"article"}, At: now})
			}
		}
	}
	return map[string]any{"message_id": id}, nil
}

func (s *Server) byArticle(id string) *article {
	for _, a := range s.articles {
		if a.id == id {
			return a
		}
	}
	return nil
}

func (p *person) mayGet(now time.Time, perMonth int) bool {
	inMonth := 0
	for _, t := range p.articles {
		if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
			return false
		}
		if t.Month() == now.Month() && t.Year() == now.Year() {
			inMonth++
		}
	}
	return inMonth < perMonth
}
