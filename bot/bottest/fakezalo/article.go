package fakezalo

import "time"

// article is a post of the account.
type article struct {
	id, title string
	asked     int  // how often it was verified
	ready     bool // moderation is over
}

// verifyAfter is how often the answer is "still processed" before it is ready.
const verifyAfter = 2

func (s *Server) createArticle(q *request) (any, error) {
	title := text(q.body["title"])
	switch {
	case title == "" || len([]rune(title)) > 150:
		return nil, no(-210, "title is invalid")
	case len([]rune(text(q.body["description"]))) > 300 || len([]rune(text(q.body["author"]))) > 50:
		return nil, no(-210, "description or author exceeds the limit")
	case len(list(q.body["body"])) == 0:
		return nil, no(-201, "body is empty")
	}
	token := s.id("token")
	s.articles[token] = &article{id: s.id("article"), title: title}
	return map[string]any{"token": token}, nil
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
	var titles []string
	for _, e := range elements {
		e := object(e)
		a := s.byArticle(text(e["attachment_id"]))
		if text(e["media_type"]) != "article" || a == nil || !a.ready {
			return nil, no(-201, "attachment_id is invalid")
		}
		titles = append(titles, a.title)
	}
	id := s.id("msg")
	for _, p := range s.people {
		if p.follows && p.mayGet(now, s.opt.ArticlesPerMonth) {
			p.articles = append(p.articles, now)
			for _, t := range titles {
				p.chat = append(p.chat, Message{ID: id, From: "oa", Text: t, Media: []string{"article"}, At: now})
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
