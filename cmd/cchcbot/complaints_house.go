package main

import (
	"context"

	"cchcbot/bot"
	"cchcbot/bot/media"
	"cchcbot/handlers/complaints"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/handlers/complaints/register"
	"cchcbot/knowledge"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/intent"
	"cchcbot/knowledge/vietnamese"
)

// classify is the classifier as the kernel asks it. It knows no places: a message that
// is nothing but the name of one, or asks where its office is, the directory knows.
func classify(c *intent.Classifier, dir func() *directory.Directory) func(string) bot.Intent {
	return func(text string) bot.Intent {
		r := c.Classify(text)
		if r.Kind == intent.Question && dir().Asks(r.Rest) {
			r.Kind, r.Confidence = intent.Office, askedPlace
		}
		return bot.Intent{Name: string(r.Kind), Confidence: r.Confidence, Rest: r.Rest, Hint: r.Hint}
	}
}

// askedPlace is how sure it is that who names a place and nothing else asks for its office.
const askedPlace = 0.8

// openDesk builds the one door to all cases.
func (h *house) openDesk(o houseOptions) (err error) {
	h.desk, err = cases.New(cases.Options{
		Read: o.Data.db.Read(), Sealer: o.Data.keys, Directory: h.directory, Calendar: h.calendar.Calendar, Now: o.Now,
		Audit: h.store.Audit, Forget: h.store.ForgetThing, Staff: h.store, Alert: h.alarm.raise, Media: h.media, Fold: vietnamese.Fold, Log: o.Log,
	})
	return err
}

// complaints is what the feature is built from.
func (h *house) complaints(o houseOptions, phone func(string) string) complaints.Options {
	return complaints.Options{
		Desk: h.desk, Read: o.Data.db.Read(), Sealer: o.Data.keys, Works: h.works, Directory: h.directory,
		Media: draftFiles{h.media}, Staff: h.store, Texts: lateTexts{h}, Classify: h.classify, Fold: vietnamese.Fold,
		Answers: func(text string) bool { return h.live.Search(knowledge.Query{Text: text}).Outcome == knowledge.Answer },
		Knows:   h.knows,
		Phone:   phone,
		Reception: func() complaints.Office {
			c, ok := h.directory().Contact(contactReception)
			if !ok || c.Publish != directory.Show {
				return complaints.Office{}
			}
			return complaints.Office{Name: c.Name, Address: c.Address}
		},
		PublicURL: o.PublicURL, Parts: h.parts,
		Similar: func(ctx context.Context, field, placeID, words string) ([]register.Published, error) {
			if h.register == nil {
				return nil, nil
			}
			return h.register.Similar(ctx, field, placeID, words)
		},
	}
}

// likelyMeant is how likely the first of several procedures must be for a text to be about one.
const likelyMeant = 0.5

// knows reports whether a text tells a situation or may want a procedure that the bot
// knows: "xin học mẫu giáo cho con" reports nothing.
func (h *house) knows(text string) bool {
	f := h.live.Ask(knowledge.Query{Text: text})
	switch f.Outcome {
	case knowledge.Answer:
		return true
	case knowledge.Choose:
		return f.Situation != "" || len(f.Hits) > 0 && f.Hits[0].Score >= likelyMeant
	}
	return false
}

// publicRegister is the public side of complaints. It listens to the desk.
func (h *house) publicRegister(o houseOptions) (bot.Feature, error) {
	r, err := register.New(register.Options{
		Desk: h.desk, Console: h.console, Read: o.Data.db.Read(), Sealer: o.Data.keys, Do: h.works.Do, Directory: h.directory, Audit: h.store.Audit,
		Staff: h.store, Media: h.media, Fold: vietnamese.Fold, PublicURL: o.PublicURL, Now: o.Now, Log: o.Log,
	})
	if err != nil {
		return bot.Feature{}, err
	}
	h.register = r
	return r.Feature(), nil
}

// draftFiles are the files of drafts: they belong to the conversation.
type draftFiles struct{ k *media.Keeper }

// Owner is how the files of a conversation are called.
func (d draftFiles) Owner(k bot.SessionKey) string { return media.Conversation(k) }

// Want implements complaints.Media.
func (d draftFiles) Want(ctx context.Context, tx bot.Tx, k bot.SessionKey, m bot.Media) (string, error) {
	it, err := d.k.Want(ctx, tx, media.Conversation(k), k.Channel, m)
	return it.ID, err
}

// Discard implements complaints.Media.
func (d draftFiles) Discard(ctx context.Context, tx bot.Tx, k bot.SessionKey, ids ...string) error {
	return d.k.Discard(ctx, tx, media.Conversation(k), ids...)
}

// Kept implements complaints.Media.
func (d draftFiles) Kept(ctx context.Context, tx bot.Tx, k bot.SessionKey, ids []string) (kept, refused []string, err error) {
	return d.k.Kept(ctx, tx, media.Conversation(k), ids...)
}

// Notify implements complaints.Media.
func (d draftFiles) Notify(f func(ctx context.Context, w *bot.Work, id, reason string) error) {
	d.k.Notify(func(ctx context.Context, w *bot.Work, it media.Item) error {
		if it.State != media.Refused {
			return f(ctx, w, it.ID, "")
		}
		return f(ctx, w, it.ID, it.Reason)
	})
}

// linkTTL is how long a citizen can open a file of an answer.
const linkTTL = media.MaxLink

// Links implements complaints.Media.
func (d draftFiles) Links(ctx context.Context, ids []string) ([]bot.Media, error) {
	items, err := d.k.Items(ctx, nil, ids...)
	if err != nil {
		return nil, err
	}
	var out []bot.Media
	for _, it := range items {
		if it.State == media.Ready {
			out = append(out, d.k.Attachment(it, media.ForCitizen, linkTTL))
		}
	}
	return out, nil
}
