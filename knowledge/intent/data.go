package intent

import (
	"bufio"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"cchcbot/knowledge/vietnamese"
)

//go:embed phrases.tsv
var phrasesTSV string

// A signal is something that a phrase tells about a message.
type signal string

// The signals of phrases.tsv.
const (
	sGreet     signal = "greet"
	sVocative  signal = "vocative" // counts only behind another word of small talk
	sParticle  signal = "particle" // likewise
	sPolite    signal = "polite"   // "cho tôi hỏi"
	sThanks    signal = "thanks"
	sBye       signal = "bye"
	sAck       signal = "ack"     // also in front of a sentence
	sAckHard   signal = "ackhard" // only alone or before a comma
	sAbuse     signal = "abuse"
	sAbuseOnly signal = "abuse.alone"

	sAsk      signal = "ask"
	sAskOpen  signal = "ask.open" // "có … không" asks
	sAskClose signal = "ask.close"
	sProc     signal = "proc"    // speaks of a procedure or of rules
	sLegal    signal = "legal"   // asks what the law says
	sBenefit  signal = "benefit" // with these an alarm word belongs to a procedure
	sApply    signal = "apply"   // what only a procedure gives or does
	sGrant    signal = "grant"   // what the state pays
	sExplain  signal = "explain" // asks what something is, or for the rules
	sRights   signal = "rights"  // asks what one may do about a late file or a rude officer
	sHow      signal = "how"     // asks where or how, not only why
	sNorm     signal = "norm"    // asks how officers have to behave
	sBan      signal = "ban"     // asks whether the rules forbid it
	sSend     signal = "send"    // asks where or how it is sent
	sPaper    signal = "paper"   // wants a paper or money, beside trouble
	sAid      signal = "aid"     // help for somebody who was harmed
	sCare     signal = "care"    // of a child that is taken care of
	sPast     signal = "past"
	sWant     signal = "want"
	sSelf     signal = "self"
	sTopic    signal = "topic" // what procedures are about
	sMoney    signal = "money"
	sSafe     signal = "safe" // means nothing; hides a dangerous word inside

	sAccuse     signal = "accuse"
	sOfficial   signal = "official"
	sSomeone    signal = "someone"
	sAccuseRule signal = "accuse.rule" // asks how accusing goes
	sNamed      signal = "named"       // a particular person, not officials in general
	sBribe      signal = "bribe"
	sBribeWeak  signal = "bribe.weak" // only about an official
	sBribeOwn   signal = "bribe.own"  // of these what the citizen may do himself
	sDue        signal = "due"        // money that the citizen is due
	sSays       signal = "says"
	sPrivate    signal = "private" // no office
	sBeat       signal = "beat"    // only by an official
	sFamily     signal = "family"
	sDemand     signal = "demand"
	sTake       signal = "take" // with an official and what he took
	sTakeWhat   signal = "take.what"
	sCrime      signal = "crime"

	sContest       signal = "contest"
	sContestStrong signal = "contest.strong"
	sContestOwn    signal = "contest.own" // contested by a procedure of its own
	sContestWon    signal = "contest.won"
	sReport        signal = "report"
	sReportStrong  signal = "report.strong"
	sPraise        signal = "report.praise"
	sRule          signal = "report.rule"
	sIdea          signal = "report.idea"
	sPetition      signal = "report.petition"
	sConduct       signal = "conduct"
	sConductWeak   signal = "conduct.weak"
	sTrouble       signal = "trouble"
	sTroubleTopic  signal = "trouble.topic" // "lắp điện" is no trouble
	sThing         signal = "thing"
	sBroken        signal = "broken"

	sFire        signal = "em.fire"
	sPolice      signal = "em.police"
	sMedical     signal = "em.medical"
	sLife        signal = "em.life" // wants to die: counts whatever else is spoken of
	sChild       signal = "em.child"
	sOther       signal = "em.other" // no single number helps
	sFireWeak    signal = "ew.fire"  // only with a sign that it happens now
	sPoliceWeak  signal = "ew.police"
	sMedicalWeak signal = "ew.medical"
	sNow         signal = "now"
	sToday       signal = "today" // now, or what is wanted by now
	sSOS         signal = "sos"

	sDossier      signal = "dossier"
	sDossierBack  signal = "dossier.back" // a file that came back
	sDossierFar   signal = "dossier.far"  // how far something is
	sCard         signal = "card"         // of health insurance
	sFiled        signal = "filed"
	sWaiting      signal = "waiting"
	sFeedback     signal = "feedback"
	sPortal       signal = "portal"
	sPortalThing  signal = "portal.thing"
	sPortalBroken signal = "portal.broken"
	sPortalNot    signal = "portal.not"
	sNews         signal = "news"
	sHotline      signal = "hotline"
	sHotlineNot   signal = "hotline.not"
	sNumber       signal = "number" // a telephone number spoken of
	sNumberNot    signal = "number.not"
	sNumberWant   signal = "number.want"
	sOffice       signal = "office"
	sHours        signal = "hours"
	sOfficeNoun   signal = "office.noun"
	sOfficeOnly   signal = "office.only" // a message of nothing else
	sOfficeWhere  signal = "office.where"
	sOfficeDeed   signal = "office.deed" // done at an office
	sPerson       signal = "person"
	sHelp         signal = "help"
)

// The signals whose phrases are whole words, compared as typed.
const (
	sSymbolAck    signal = "symbol.ack"
	sSymbolThanks signal = "symbol.thanks"
	sAbuseMask    signal = "abuse.mask"
	sEnglish      signal = "english"
	sEnglishWeak  signal = "english.weak"
	sKnown        signal = "known"
)

var phraseSignals = [...]signal{sGreet, sVocative, sParticle, sPolite, sThanks, sBye, sAck, sAckHard, sAbuse, sAbuseOnly,
	sAsk, sAskOpen, sAskClose, sProc, sLegal, sBenefit, sApply, sGrant, sExplain, sRights, sHow, sNorm, sBan, sSend, sPaper, sAid, sCare,
	sPast, sWant, sSelf, sTopic, sMoney, sSafe,
	sAccuse, sAccuseRule, sOfficial, sSomeone, sNamed, sBribe, sBribeWeak, sBribeOwn, sDue, sSays, sPrivate, sBeat, sFamily, sDemand, sTake,
	sTakeWhat, sCrime, sContest, sContestStrong, sContestOwn, sContestWon,
	sReport, sReportStrong, sPraise, sRule, sIdea, sPetition, sConduct, sConductWeak, sTrouble, sTroubleTopic, sThing, sBroken,
	sFire, sPolice, sMedical, sLife, sChild, sOther, sFireWeak, sPoliceWeak, sMedicalWeak, sNow, sToday, sSOS,
	sDossier, sDossierBack, sDossierFar, sCard, sFiled, sWaiting, sFeedback, sPortal, sPortalThing, sPortalBroken, sPortalNot,
	sNews, sHotline, sHotlineNot, sNumber, sNumberNot, sNumberWant, sOffice, sHours, sOfficeNoun, sOfficeOnly, sOfficeWhere, sOfficeDeed, sPerson, sHelp}

// aside has the signals that only weigh against others: they hide no phrase of
// another, so that "khai báo ở đâu" still asks, and none hides them.
var aside = map[signal]bool{sApply: true, sGrant: true, sExplain: true, sRights: true, sHow: true, sFamily: true, sDemand: true,
	sContestOwn: true, sContestWon: true, sPortalNot: true, sNorm: true, sBan: true, sSend: true, sPaper: true, sAid: true, sCare: true,
	sBribeOwn: true, sDue: true, sSays: true, sPrivate: true, sNumberNot: true, sNumberWant: true, sOfficeDeed: true, sCard: true, sAccuseRule: true}

var wordSignals = [...]signal{sSymbolAck, sSymbolThanks, sAbuseMask, sEnglish, sEnglishWeak, sKnown}

// Limits of the data, so that a slip of the editor cannot make a turn slow.
const (
	maxLine    = 32 << 10
	maxPhrases = 20_000
	maxWords   = 12 // of one phrase
	maxGap     = 4  // words that "*" stands for
)

// word is one place of a phrase.
type word struct {
	exact, folded string
	marked        bool // carries a tone, so that typing may have lost it
	gap           bool // "*"
	digit         bool // "#": a word with a digit; exact is then how it ends
}

type phrase struct {
	signal signal
	words  []word
	size   int  // words that are not gaps
	toned  bool // found only with its tones
}

// table is phrases.tsv, ready to be looked up.
type table struct {
	byFirst map[string][]*phrase // by the folded first word
	digits  []*phrase            // those that start with "#"
	words   map[signal]map[string]bool
}

// load reads phrases.tsv. It refuses what it does not understand with the
// number of the line.
func load(r io.Reader) (*table, error) {
	t := &table{byFirst: map[string][]*phrase{}, words: map[signal]map[string]bool{}}
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, maxLine)
	seen := map[string]int{}
	line, total := 0, 0
	for sc.Scan() {
		line++
		text := sc.Text()
		if strings.TrimSpace(text) == "" || strings.HasPrefix(text, "#") {
			continue
		}
		if !utf8.ValidString(text) {
			return nil, fmt.Errorf("phrases line %d: not valid UTF-8", line)
		}
		cols := strings.Split(text, "\t")
		if len(cols) < 2 || len(cols) > 3 {
			return nil, fmt.Errorf("phrases line %d: %d columns; want a signal, phrases and perhaps a note, with tabs between", line, len(cols))
		}
		s := signal(cols[0])
		for _, p := range strings.Split(cols[1], " | ") {
			if total++; total > maxPhrases {
				return nil, fmt.Errorf("phrases line %d: more than %d phrases", line, maxPhrases)
			}
			key, err := t.add(s, p)
			if err != nil {
				return nil, fmt.Errorf("phrases line %d: %w", line, err)
			}
			if first, ok := seen[key]; ok {
				return nil, fmt.Errorf("phrases line %d: %q stands already in line %d", line, p, first)
			}
			seen[key] = line
		}
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("phrases line %d: %w", line+1, err)
	}
	for _, s := range phraseSignals {
		if !t.has(s) {
			return nil, fmt.Errorf("phrases: signal %s has no phrase", s)
		}
	}
	for _, s := range wordSignals {
		if len(t.words[s]) == 0 {
			return nil, fmt.Errorf("phrases: signal %s has no word", s)
		}
	}
	return t, nil
}

func (t *table) has(s signal) bool {
	for _, list := range t.byFirst {
		if slices.ContainsFunc(list, func(p *phrase) bool { return p.signal == s }) {
			return true
		}
	}
	return slices.ContainsFunc(t.digits, func(p *phrase) bool { return p.signal == s })
}

// add puts one phrase into the table and returns a key that is the same for the
// same phrase written twice.
func (t *table) add(s signal, text string) (key string, err error) {
	if slices.Contains(wordSignals[:], s) {
		w := strings.TrimSpace(text)
		if w == "" || strings.ContainsAny(w, " \t") {
			return "", fmt.Errorf("%q is not one word", text)
		}
		if t.words[s] == nil {
			t.words[s] = map[string]bool{}
		}
		w = vietnamese.Lower(w)
		t.words[s][w] = true
		return string(s) + "\x00" + w, nil
	}
	if !slices.Contains(phraseSignals[:], s) {
		return "", fmt.Errorf("signal %.40q is not known", string(s))
	}
	p, err := parse(s, text)
	if err != nil {
		return "", err
	}
	if p.words[0].digit {
		t.digits = append(t.digits, p)
	} else {
		t.byFirst[p.words[0].folded] = append(t.byFirst[p.words[0].folded], p)
	}
	return string(s) + "\x00" + p.String(), nil
}

func parse(s signal, text string) (*phrase, error) {
	p := &phrase{signal: s}
	text = strings.TrimSpace(text)
	text, p.toned = strings.CutPrefix(text, "=")
	for _, f := range strings.Fields(text) {
		switch {
		case f == "*":
			p.words = append(p.words, word{gap: true})
		case strings.HasPrefix(f, "#"):
			p.words = append(p.words, word{digit: true, exact: vietnamese.Lower(f[1:])})
			p.size++
		default:
			toks := vietnamese.Tokens(f)
			if len(toks) == 0 {
				return nil, fmt.Errorf("%q in %q has no letter", f, text)
			}
			for _, k := range toks {
				p.words = append(p.words, word{exact: k.Exact, folded: k.Folded, marked: k.Exact != k.Folded})
				p.size++
			}
		}
	}
	switch n := len(p.words); {
	case n == 0:
		return nil, fmt.Errorf("empty phrase")
	case n > maxWords:
		return nil, fmt.Errorf("%q has %d words, at most %d", text, n, maxWords)
	case p.words[0].gap || p.words[n-1].gap:
		return nil, fmt.Errorf("%q starts or ends with *", text)
	case p.toned && !slices.ContainsFunc(p.words, func(w word) bool { return w.marked }):
		return nil, fmt.Errorf("%q has no tone to ask for with =", text)
	}
	return p, nil
}

func (p *phrase) String() string {
	var b strings.Builder
	for _, w := range p.words {
		switch {
		case w.gap:
			b.WriteString("* ")
		case w.digit:
			b.WriteString("#" + w.exact + " ")
		default:
			b.WriteString(w.exact + " ")
		}
	}
	return b.String()
}
