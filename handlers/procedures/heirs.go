package procedures

import (
	"cmp"
	"context"
	"slices"
	"time"

	"cchcbot/bot"
	"cchcbot/knowledge"
)

// heirs are what takes the place of a procedure: an entry in force, one that will be, or a code without an entry.
type heirs struct {
	now, coming *knowledge.Entry
	unknown     string
}

// maxHeirs bounds how many procedures are looked at for what replaced one.
const maxHeirs = 20

// heirs follows what replaced a procedure, and what replaced that, the nearest first.
func (s *service) heirs(ctx context.Context, e *knowledge.Entry, day time.Time) (h heirs, err error) {
	codes := append([]string{e.Code}, e.ReplacedBy...)
	for i := 1; i < len(codes) && i <= maxHeirs; i++ {
		if slices.Contains(codes[:i], codes[i]) {
			continue
		}
		next, err := s.opt.Live.Entry(ctx, codes[i])
		switch {
		case bot.IsCode(err, bot.NotFound):
			h.unknown = cmp.Or(h.unknown, codes[i])
		case err != nil:
			return h, err
		case next.InForceOn(day):
			h.now = next
			return h, nil
		case h.coming == nil && next.Status.InForce() && toCome(next, day):
			h.coming = next
		default:
			codes = append(codes, next.ReplacedBy...)
		}
	}
	return h, nil
}

// toCome reports whether the first day of an entry is still to come.
func toCome(e *knowledge.Entry, day time.Time) bool { return e.ValidFrom > day.Format(time.DateOnly) }
