package index

import "math"

// What speaks for and against the best candidate, each about 0 to 1.
const (
	eOne         = iota // always 1
	eFit                // how much of its name or an everyday name the question says
	eCover              // how much of the question it explains
	eBoth               // the two together
	ePairs              // neighbouring words of the question that stand so in it
	eMargin             // distance to the second
	eMass               // weight of its words said close together
	eNear               // how much of its name or an everyday name is said close together
	eUnits              // content words: one alone is little evidence
	eUnknown            // share of the question that no entry says
	eGap                // a short question of which much is unexplained
	eLong               // a long story, where much stays unexplained
	eAction             // same action
	eNoAction           // another action
	eScore              // what the ranking gave it
	ePaper              // the question speaks of papers,
	eAct                // of something that offices do,
	eOffice             // of an office,
	eNothing            // of none of the three,
	eOutside            // of what no office does
	eWish               // weight of the words of the wish that it has
	eAsked              // it asks for papers, a fee, a time …
	eEqual              // other procedures that explain as much of the question
	eMargin3            // distance to the third
	eAlias              // an everyday name says it
	ePlain              // the near ones are the best with a circumstance more
	eNoKind             // no action and no circumstance is said
	eVague              // hardly a content word
	eNamed              // the official name says it
	eSmall              // only the entries that the program carries, not the national list:
	eSmallBoth          // then words of offices say less
	eSmallAct           // and a good fit says more
	eSmallOut           // what no office does says less: most of what is refused there only lacks its entry
	eOpenLead           // how far an open wish is ahead of the best, or not far behind
	eOpenFit            // how well it is said
	eOpenNear           // how much of it is said close together
	eVerbatim           // it is said word for word
	eMeant              // how likely messages with such words mean it,
	eMeantNone          // nothing that an office does,
	eMeantOther         // a procedure that nobody curated,
	eMeantRival         // the likeliest other curated one
	eMeantOpen          // several
	eMeantSpread        // how evenly that is spread
	eUnheard            // how little of it was ever heard in a message, so that none of these says much
	eSmallOther         // what nobody curated, where only the entries that the program carries are known
	numEvidence
)

type evidence [numEvidence]float32

// The three logistic models, fitted by TestFit on labelled questions with and
// without tones, with and without curated entries, on questions
// out of scope, and on copies of all without what was learnt from messages.
//
// scopeWeights: how likely the message is about any procedure at all; sureWeights:
// how likely the best candidate is the one that was meant; askWeights: how likely
// the message leaves open which of several procedures is meant.
var (
	scopeWeights = evidence{
		eOne: -2.88, eCover: -0.2, eBoth: 0.93, ePairs: -0.5, eNear: 0.62, eGap: -1.2, eLong: 3.88, eScore: 5.63, eAct: 0.58,
		eOffice: 0.34, eNothing: -2.14, eOutside: -6.23, eWish: -1.26, eAsked: 0.15, eMargin3: 1.24, eAlias: -0.42, eVague: -0.26,
		eNamed: -1.07, eSmall: -2.11, eSmallAct: -2.19, eSmallOut: 4.16, eMeant: 2.04, eMeantNone: -3.01, eMeantOther: 1.51,
		eMeantRival: 2.93, eMeantOpen: 1.79, eMeantSpread: -0.64, eUnheard: 0.89, eSmallOther: -6.79,
	}
	sureWeights = evidence{
		eOne: -0.1, eFit: -0.08, eCover: -0.68, eBoth: 0.61, ePairs: -0.19, eMargin: 1.97, eMass: 0.23, eNear: 0.62, eUnits: -0.11,
		eUnknown: 0.19, eGap: -0.45, eLong: -0.84, eAction: -0.19, eNoAction: -0.66, eScore: 1.24, ePaper: -0.12, eAct: 0.11,
		eOffice: 0.1, eNothing: 0.19, eOutside: 0.21, eWish: -0.59, eAsked: 0.25, eEqual: -0.28, eMargin3: 1.48, eAlias: -1.16,
		ePlain: -0.11, eNoKind: -0.22, eVague: 0.27, eNamed: -0.35, eSmall: 0.42, eSmallBoth: 0.1, eSmallAct: 0.08, eSmallOut: 0.04,
		eOpenLead: -0.91, eOpenFit: -0.32, eOpenNear: 0.49, eVerbatim: 0.26, eMeant: 0.61, eMeantNone: 0.47, eMeantOther: 0.19,
		eMeantRival: -2.04, eMeantOpen: 0.74, eMeantSpread: 0.2, eUnheard: -0.18, eSmallOther: 0.12,
	}
	askWeights = evidence{
		eOne: -0.2, eFit: -0.52, eCover: -0.88, eBoth: -0.67, ePairs: -0.04, eMargin: -0.19, eMass: -0.09, eNear: -0.1, eUnits: -0.36,
		eUnknown: -1.44, eGap: -2.25, eLong: 1.52, eAction: 0.1, eNoAction: -0.17, eScore: -0.9, ePaper: -0.17, eAct: -0.59,
		eOffice: -0.11, eNothing: -0.08, eOutside: 0.78, eWish: -1.15, eAsked: -0.36, eEqual: 0.06, eMargin3: -0.32, eAlias: 1.22,
		ePlain: 0.35, eNoKind: 0.18, eVague: 1.17, eNamed: -0.67, eSmall: 0.93, eSmallBoth: -0.54, eSmallAct: -0.05, eSmallOut: -0.18,
		eOpenLead: 2.23, eOpenFit: 2.11, eOpenNear: -0.11, eVerbatim: 0.42, eMeant: -0.39, eMeantNone: 1.58, eMeantOther: -0.03,
		eMeantRival: -1.09, eMeantOpen: 2.64, eMeantSpread: 1.78, eUnheard: 0.65, eSmallOther: -0.01,
	}
)

const (
	unknownBelow = 0.3  // of scope: say that we do not know
	unknownSmall = 0.25 // the same with nothing but the entries that the program carries
	askFrom      = 0.5  // of ask: ask which one, unless the second is further behind than askMargin
	askMargin    = 3
	answerFrom   = 0.22 // of sure: ask rather than answer below it
)

// What a choice offers: procedures that explain about as much of the question and
// are not far behind.
const (
	nearMargin  = 2.5 // score
	nearCover   = 0.25
	maxChoices  = 6
	leastChoice = 2
)

const (
	shortQuestion = 6  // content words
	longQuestion  = 40 // words
)

// evidence gathers what speaks for the best of the candidates.
func (x *Index) evidence(q *question, s *scratch) (e evidence) {
	found := s.found
	best := found[0]
	e[eOne] = 1
	e[eFit] = max(best.f[fNamed], best.f[fAlias])
	e[eCover] = best.f[fCover]
	e[eBoth] = best.f[fBoth]
	e[ePairs] = best.f[fPairs]
	e[eMargin] = 1
	if len(found) > 1 {
		e[eMargin] = float32(min(best.score-found[1].score, 1))
	}
	e[eMass] = best.f[fMass]
	e[eNear] = max(best.f[fNearName], best.f[fNearAlias])
	e[eUnits] = float32(min(len(q.units), 4)) / 4
	if q.total > 0 {
		var unknown float32
		for _, u := range q.units {
			if u.exact < 0 && u.folded < 0 {
				unknown += u.weight
			}
		}
		e[eUnknown] = unknown / q.total
	}
	if len(q.units) <= shortQuestion {
		e[eGap] = max(0, 0.7-best.f[fCover])
	}
	e[eLong] = float32(min(len(q.tokens), longQuestion)) / longQuestion
	e[eAction], e[eNoAction] = best.f[fAction], best.f[fActionNo]
	e[eScore] = float32(best.score) / 10
	x.cueEvidence(q, &x.docs[best.doc], s, &e)
	s.openEvidence(&e)
	q.meantEvidence(x, &x.docs[best.doc], &e)
	if s.whole == saidName {
		e[eVerbatim] = 1
	}
	if q.asked {
		e[eAsked] = 1
	}
	e[eAlias] = best.f[fAlias]
	e[eNamed] = best.f[fNamed]
	e[eMargin3] = 1
	if len(found) > 2 {
		e[eMargin3] = float32(min(best.score-found[2].score, 2)) / 2
	}
	for _, c := range found[1:min(len(found), 8)] {
		if c.f[fCover] >= best.f[fCover]-0.03 && best.score-c.score < 3 {
			e[eEqual] += 0.25
		}
	}
	e[eEqual] = min(e[eEqual], 1)
	if len(found) > 1 && plainDefault(q, x, found) {
		e[ePlain] = 1
	}
	if q.actions == 0 && q.quals == 0 {
		e[eNoKind] = 1
	}
	if x.small() {
		e[eSmall], e[eSmallBoth] = 1, e[eBoth]
		e[eSmallAct], e[eSmallOut] = 1-e[eNothing], e[eOutside]
	}
	content := 0
	for _, u := range q.units {
		if !u.weak && u.weight > x.rarest/4 {
			content++
		}
	}
	e[eVague] = max(0, 1-float32(content)/6)
	return e
}

// small reports that an index holds the entries that the program carries rather
// than the national list: of most questions it then knows nothing.
func (x *Index) small() bool { return len(x.docs) >= 100 && len(x.docs) < 1500 }

func (e *evidence) logistic(w *evidence) float64 {
	var z float64
	for i := range w {
		z += float64(w[i] * e[i])
	}
	return 1 / (1 + math.Exp(-z))
}
