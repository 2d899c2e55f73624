package complaints

import (
	"context"
	"strings"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

// own takes a text about what the citizen has sent already: one that holds a code, "xem giúp em mã
// K7M39QX2 với", and one that only says that something is to be added.
func (s *service) own(ctx context.Context, t *bot.Turn) error {
	if t.Session.Active != nil || t.Update.Group {
		return bot.ErrPass
	}
	if done, err := s.aboutOwn(ctx, t, t.Text()); done || err != nil {
		return err
	}
	return bot.ErrPass
}

// aboutOwn answers a text about a case of the citizen's own. Where he has none, "bổ sung thông tin" is
// about a procedure.
func (s *service) aboutOwn(ctx context.Context, t *bot.Turn, words string) (done bool, err error) {
	if code := codeIn(words); code != "" {
		return true, s.byCode(ctx, t, code)
	}
	if !s.saysOnly(words, addMore, announce, wish, filler) {
		return false, nil
	}
	list, _, err := s.opt.Desk.ByHolder(ctx, t.Contact.Person, 0)
	if err != nil || len(list) == 0 && !s.speaksOf(words, s.phrases[reportWord]) {
		return false, err
	}
	return true, s.beginAdd(ctx, t)
}

// codeIn is the code that stands in a sentence, typed without its dash, or with a space for it behind the
// word "mã"; "" for none. A word that is no code by its check letters is none, nor is the number of a vehicle.
func codeIn(text string) string {
	words := strings.Fields(text)
	for i := range words {
		words[i] = strings.Trim(words[i], ".,:;?!()\"'")
	}
	for i, w := range words {
		before := ""
		if i > 0 {
			before = strings.ToLower(words[i-1])
		}
		switch before {
		case "xe", "số", "so", "biển", "bien", "bks":
			continue
		case "mã", "ma", "code":
			if len(w) == halfCode && i+1 < len(words) {
				w += words[i+1]
			}
		}
		if code, err := cases.ParseCode(w); err == nil && looksLikeCode(w) {
			return code
		}
	}
	return ""
}

const halfCode = 4 // symbols

// looksLikeCode reports whether a typed text has letters and figures, as all codes have: a word of eight
// letters may happen to fit, and so may a number.
func looksLikeCode(typed string) bool {
	return strings.ContainsAny(typed, "0123456789") && strings.ContainsFunc(typed, func(r rune) bool { return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' })
}
