package bot

import (
	"context"
	"slices"
	"unicode/utf8"
)

// Words is an argument of a text that is itself a text key: it is rendered in
// the same language before it is put in.
type Words string

// Phrase is such an argument with arguments of its own.
type Phrase struct {
	Key  string
	Args []any
}

// Ask asks a step with the words of a key and these buttons.
func Ask[T any](key string, buttons ...Button) func(context.Context, *Turn, T) (Reply, error) {
	return func(context.Context, *Turn, T) (Reply, error) {
		return Reply{Key: key, Buttons: buttons}, nil
	}
}

// Text keys of refused answers.
const (
	keyNeedText  = "bot.need_text"
	keyTooShort  = "bot.too_short"
	keyTooLong   = "bot.too_long"
	keyNeedPick  = "bot.need_pick"
	keyNeedPhoto = "bot.need_photo"
	keyPhotoMore = "bot.photo_more"
)

// Text takes a text of shortest to longest letters.
func Text[T any](shortest, longest int, field func(*T) *string) func(context.Context, *Turn, *T) error {
	return func(_ context.Context, t *Turn, d *T) error {
		switch n := utf8.RuneCountInString(t.Update.Text); {
		case n == 0:
			return Again(keyNeedText)
		case n < shortest:
			return Again(keyTooShort, "shortest", shortest)
		case n > longest:
			return Again(keyTooLong, "longest", longest, "length", n)
		}
		*field(d) = t.Update.Text
		return nil
	}
}

// Pick takes one of the values, by the button that carries it. A typed number
// or title has become the button already.
func Pick[T any](field func(*T) *string, values ...string) func(context.Context, *Turn, *T) error {
	return func(_ context.Context, t *Turn, d *T) error {
		v, ok := t.Answered()
		if !ok || !slices.Contains(values, v) {
			return Again(keyNeedPick)
		}
		*field(d) = v
		return nil
	}
}

// Photos takes up to n photos, one or several at a time.
func Photos[T any](n int, field func(*T) *[]Media) func(context.Context, *Turn, *T) error {
	return func(_ context.Context, t *Turn, d *T) error {
		list := field(d)
		took := 0
		for _, m := range t.Update.Media {
			if m.Kind == Photo && len(*list) < n {
				*list = append(*list, m)
				took++
			}
		}
		switch {
		case took == 0 && len(*list) < n:
			return Again(keyNeedPhoto, "most", n)
		case len(*list) < n:
			return More(keyPhotoMore, "count", len(*list), "most", n)
		}
		return nil
	}
}
