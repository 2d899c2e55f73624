package zalo

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/bot/zalo/codes"
)

// Limits of an article, in letters, as clients quote Zalo's documentation. The number of
// blocks is a bound of ours: a longer text goes on in the last one.
const (
	maxPostTitle  = 150
	maxPostLead   = 300
	maxPostAuthor = 50
	maxPostBlocks = 100
)

// reasonChecked is why an article waits: Zalo looks at it.
const reasonChecked = "delivery.reason_zalo_checked"

var _ bot.Publisher = (*OA)(nil)

// post is an article as Zalo takes it.
func post(p bot.Post) object {
	body := make([]object, 0, len(p.Paragraphs))
	for _, text := range p.Paragraphs {
		if len(body) == maxPostBlocks {
			last := body[len(body)-1]
			last["content"] = last["content"].(string) + "\n" + text
			continue
		}
		body = append(body, object{"type": "text", "content": text})
	}
	o := object{
		"type": "normal", "title": cutWords(p.Title, maxPostTitle), "author": cutWords(p.Author, maxPostAuthor),
		"description": cutWords(p.Summary, maxPostLead), "status": "show", "comment": "hide", "body": body,
	}
	if p.Cover != nil && public(p.Cover.Ref) {
		o["cover"] = object{"cover_type": "photo", "photo_url": p.Cover.Ref, "status": "show"}
	}
	return o
}

// cutWords cuts a text that is longer than most letters at the end of a word.
func cutWords(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	head := string([]rune(s)[:most-1])
	if i := strings.LastIndexByte(head, ' '); i > len(head)/2 {
		head = head[:i]
	}
	return strings.TrimRight(head, " ,.;:-") + "…"
}

// MakePost implements bot.Publisher.
func (o *OA) MakePost(ctx context.Context, p bot.Post) (string, error) {
	return o.handIn(ctx, "/v2.0/article/create", post(p))
}

// RevisePost implements bot.Publisher.
func (o *OA) RevisePost(ctx context.Context, id string, p bot.Post) (string, error) {
	body := post(p)
	body["id"] = id
	return o.handIn(ctx, "/v2.0/article/update", body)
}

func (o *OA) handIn(ctx context.Context, path string, body object) (string, error) {
	return o.posting(ctx, path, body, func(raw json.RawMessage) (string, error) {
		var d struct {
			Token ident `json:"token"`
		}
		err := json.Unmarshal(raw, &d)
		return string(d.Token), err
	})
}

// PostID implements bot.Publisher.
func (o *OA) PostID(ctx context.Context, token string) (string, error) {
	id, err := o.posting(ctx, "/v2.0/article/verify", object{"token": token}, func(raw json.RawMessage) (string, error) {
		var d struct {
			ID ident `json:"id"`
		}
		if len(raw) == 0 {
			return "", nil // said to be empty while it is processed
		}
		err := json.Unmarshal(raw, &d)
		return string(d.ID), err
	})
	var se *bot.SendError
	if errors.As(err, &se) && se.Kind == bot.Ambiguous {
		se.Kind = bot.Temporary // to ask twice does no harm
	}
	return id, err
}

// AnnouncePost implements bot.Publisher: a broadcast to all followers. There is no filter
// by city: Zalo's list of provinces is that of before July 2025.
func (o *OA) AnnouncePost(ctx context.Context, id string) (string, error) {
	body := object{
		"recipient": object{"target": object{}},
		"message": object{"attachment": object{"type": "template", "payload": object{
			"template_type": "media", "elements": []object{{"media_type": "article", "attachment_id": id}},
		}}},
	}
	receipt, err := o.posting(ctx, "/v2.0/oa/message", body, func(raw json.RawMessage) (string, error) {
		var d struct {
			ID ident `json:"message_id"`
		}
		_ = json.Unmarshal(raw, &d) // Zalo said yes: without an id it was sent all the same
		if d.ID == "" {
			d.ID = "-"
		}
		return string(d.ID), nil
	})
	return receipt, err
}

// posting makes a call of the article kind. An answer without what was asked for means
// that it is still processed.
func (o *OA) posting(ctx context.Context, path string, body object, read func(json.RawMessage) (string, error)) (string, error) {
	r, err := o.call(ctx, call{method: http.MethodPost, path: path, body: body})
	if err != nil {
		return "", o.postError(ctx, err)
	}
	got, err := read(r.Data)
	if err != nil || got == "" {
		return "", &bot.SendError{Kind: bot.Temporary, Reason: reasonChecked, Err: err}
	}
	return got, nil
}

// postError says what a failed call means for an article. The number for what is not
// granted also stands for articles that are used up (platform table, -223): they wait for the next day.
func (o *OA) postError(ctx context.Context, err error) *bot.SendError {
	var no *codeError
	if errors.As(err, &no) {
		switch o.table[no.code].Action {
		case codes.Processing:
			return &bot.SendError{Kind: bot.Temporary, Reason: reasonChecked, Err: err}
		case codes.Grant:
			o.alerts.Raise(ctx, "articles", "Zalo takes no article: the app may not manage content, or the articles of the package are used up")
			return &bot.SendError{Kind: bot.Later, Reason: reasonQuota, Until: nextDay(o.opt.Now()), Err: err}
		}
	}
	return o.sendError(ctx, err, subject{})
}
