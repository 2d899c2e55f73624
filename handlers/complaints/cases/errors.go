package cases

import (
	"unicode/utf8"

	"cchcbot/bot"
)

func refusal(code bot.Code, key string, args ...any) error {
	return &bot.Error{Code: code, Key: key, Args: args}
}

func invalid(key string, args ...any) error { return refusal(bot.Invalid, key, args...) }

func denied(key string) error { return refusal(bot.Denied, key) }

func notFound() error { return refusal(bot.NotFound, "complaints.error_not_found") }

// Limits of what one command may bring.
const (
	maxText      = bot.MaxText
	maxReason    = 1000
	maxPublic    = 20_000
	maxMedia     = 10
	maxKey       = 200
	maxJoint     = 5
	maxAdditions = 20
	maxReasons   = 10
	maxName      = 200
)

// check reports what makes a command unfit for anything.
func (c *Command) check() error {
	switch {
	case !utf8.ValidString(c.Text) || !utf8.ValidString(c.Reason) || !utf8.ValidString(c.Public) || !utf8.ValidString(c.Rating.Text) || !utf8.ValidString(c.Check.BasisText):
		return invalid("complaints.invalid_text")
	case utf8.RuneCountInString(c.Text) > maxText, utf8.RuneCountInString(c.Rating.Text) > maxText, utf8.RuneCountInString(c.Public) > maxPublic,
		utf8.RuneCountInString(c.Check.BasisText) > maxReason:
		return invalid("complaints.invalid_long", "limit", maxText)
	case utf8.RuneCountInString(c.Reason) > maxReason:
		return invalid("complaints.invalid_long", "limit", maxReason)
	case len(c.Media) > maxMedia:
		return invalid("complaints.invalid_media", "limit", maxMedia)
	case len(c.Key) > maxKey, len(c.Agency) > maxName, len(c.PlaceID) > maxName, len(c.Field) > maxName, len(c.Subject) > maxName,
		len(c.Joint) > maxJoint, len(c.Rating.Reasons) > maxReasons, c.Days < 0:
		return invalid("complaints.invalid_command")
	}
	for _, id := range c.Media {
		if id == "" || len(id) > maxName {
			return invalid("complaints.invalid_command")
		}
	}
	for _, r := range c.Rating.Reasons {
		if len(r) > 60 {
			return invalid("complaints.invalid_command")
		}
	}
	return nil
}

// RefusedKey is the text key of a reason of RefuseReasons.
func RefusedKey(reason string) string { return "complaints.why_refused_" + reason }

// ReturnedKey is the text key of a reason of ReturnReasons.
func ReturnedKey(reason string) string { return "complaints.why_returned_" + reason }
