// Package intent tells what kind of message a citizen sent: a question about a
// procedure, a report, an accusation, the state of a file, small talk, an
// emergency …
//
// It decides by phrases, kept in phrases.tsv so that they are corrected without
// touching code, and by a fixed order of rules in rules.go. Two kinds are
// caught rather too often than too seldom: Emergency, because somebody may need
// help now, and Denunciation, because its text must never be kept. Everything
// that shows no other sign is a Question, the commonest kind by far.
package intent

import (
	"strings"

	"cchcbot/knowledge/vietnamese"
)

// Kind is what a message is.
type Kind string

// The kinds of message.
const (
	Question        Kind = "question"         // about a procedure, also about the procedure of complaining
	Complaint       Kind = "complaint"        // phản ánh, kiến nghị, góp ý, khen; Hint says of what kind, see the hints
	Denunciation    Kind = "denunciation"     // tố cáo, tố giác: somebody broke the law; Hint "crime" when no official is meant
	FormalComplaint Kind = "formal_complaint" // khiếu nại: a decision wronged me
	FeedbackStatus  Kind = "feedback_status"  // where an earlier phản ánh stands; Hint is its code when one was typed
	DossierStatus   Kind = "dossier_status"   // where the citizen's own file stands
	PortalHelp      Kind = "portal_help"      // trouble with the public service portal, VNeID, passwords
	News            Kind = "news"
	Hotline         Kind = "hotline" // wants a telephone number
	Office          Kind = "office"  // address or opening hours of an office; Hint "hours" for the latter
	Person          Kind = "person"  // wants to talk to a human
	Help            Kind = "help"    // menu, what can you do
	Greeting        Kind = "greeting"
	Thanks          Kind = "thanks"
	Bye             Kind = "bye"
	Ack             Kind = "ack" // "ok", "vâng", "có", "không"
	Abuse           Kind = "abuse"
	Emergency       Kind = "emergency" // Hint names whom to call, see the hints
	English         Kind = "english"   // a message in English
	Empty           Kind = "empty"     // nothing to read
	Gibberish       Kind = "gibberish"
)

// The hints of an Emergency. Without a hint it is a cry for help that does not
// say what happened: show all numbers.
const (
	Police  = "police"  // 113
	Fire    = "fire"    // 114
	Medical = "medical" // 115
	Child   = "child"   // 111
)

// The hints of a Complaint: what kind of report it is. None means a thing at a
// place, or that the words do not say.
const (
	Conduct  = "conduct"  // how an officer or an office behaves
	Rule     = "rule"     // a rule or procedure that is not reasonable
	Praise   = "praise"   // an officer or office did well
	Idea     = "idea"     // a proposal, not a grievance
	Petition = "petition" // a wish to the authorities
	Scene    = "scene"    // a thing at a place: road, waste, light, noise
)

// The other hints.
const (
	Crime = "crime"
	Hours = "hours"
)

// Result is what Classify found.
type Result struct {
	Kind       Kind
	Confidence float64 // 0 to 1; below 0.5 is a guess
	// Rest is the message without the greeting and polite words it starts with,
	// so that "chào em cho hỏi làm khai sinh" is about "làm khai sinh". It is
	// empty when the message is nothing else.
	Rest string
	Hint string
}

// maxBytes bounds the work on one message. Of a longer one the beginning and
// the end are read: 64 KiB are about 45,000 letters, four times what a channel
// lets through.
const maxBytes = 64 << 10

// Classifier classifies messages. It is never changed after New, so it is safe
// for concurrent use.
type Classifier struct {
	phrases *table
	lexicon *vietnamese.Lexicon
}

// New loads the embedded phrases. The error names the line that is not
// understood.
func New() (*Classifier, error) {
	t, err := load(strings.NewReader(phrasesTSV))
	if err != nil {
		return nil, err
	}
	l, err := vietnamese.LoadLexicon()
	if err != nil {
		return nil, err
	}
	return &Classifier{t, l}, nil
}

// Classify tells what kind of message text is. Any text may be given; the work
// grows with its length up to a fixed bound.
func (c *Classifier) Classify(text string) Result {
	text = vietnamese.Clean(text)
	clipped := clip(text)
	r := c.phrases.read(clipped)
	offset := r.social()
	res := r.decide()
	res.Rest = text[min(offset, len(text)):]
	if res.Kind != Question && res.Kind != Gibberish {
		return res
	}
	// "tooi muoons toos caso" tells nothing as it stands. What it was meant to be
	// counts when that is more than another question.
	if fixed := c.lexicon.Repair(clipped); fixed != clipped {
		again := c.phrases.read(fixed)
		again.social()
		if meant := again.decide(); meant.Kind != Gibberish && (res.Kind == Gibberish || meant.Kind != Question) {
			res.Kind, res.Confidence, res.Hint = meant.Kind, meant.Confidence, meant.Hint
		}
	}
	return res
}

// clip keeps the beginning and the end of a text that is too long.
func clip(s string) string {
	if len(s) <= maxBytes {
		return s
	}
	const tail = maxBytes / 4
	return strings.ToValidUTF8(s[:maxBytes-tail], "") + "\n" + strings.ToValidUTF8(s[len(s)-tail:], "")
}
