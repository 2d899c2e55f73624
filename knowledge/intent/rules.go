package intent

import (
	"strings"
	"unicode/utf8"
)

// decide goes through the kinds in the order of what a mistake would cost: an
// emergency and an accusation first, what everybody writes last.
func (r *reading) decide() Result {
	if len(r.toks) == 0 {
		return Result{Kind: r.symbols(), Confidence: 1}
	}
	left := len(r.toks) - r.talk.end
	if left == 0 {
		if kind, ok := r.talk.onlyTalk(); ok {
			return Result{Kind: kind, Confidence: 0.95}
		}
	}
	for _, rule := range [...]func() (Result, bool){
		r.emergency, r.denunciation, r.formalComplaint, r.code, r.complaint, r.feedback, r.dossier, r.portal,
		r.person, r.phone, r.office, r.news, r.help, r.inEnglish, r.rude, r.noWords, r.chat,
	} {
		if res, ok := rule(); ok {
			return res
		}
	}
	switch {
	case r.has(sProc, sTopic) && r.asks():
		return Result{Kind: Question, Confidence: 0.95}
	case r.has(sProc, sTopic):
		return Result{Kind: Question, Confidence: 0.85}
	case r.asks():
		return Result{Kind: Question, Confidence: 0.7}
	}
	return Result{Kind: Question, Confidence: 0.45}
}

func yes(k Kind, confidence float64, hint string) (Result, bool) {
	return Result{Kind: k, Confidence: confidence, Hint: hint}, true
}

func no() (Result, bool) { return Result{}, false }

// emergency: somebody needs help now. Alarm words that tell what happened are
// enough unless the message is about the rules or a benefit; words that also
// live in procedures (cháy, tai nạn, cấp cứu) need a sign that it is now.
func (r *reading) emergency() (Result, bool) {
	if r.has(sLegal, sBenefit) {
		return no()
	}
	// A child in danger counts also in the past, but not "khai sinh cho trẻ bị
	// bỏ rơi".
	calm := (r.has(sTopic) || r.has(sPast)) && !r.has(sNow)
	for _, s := range [...]struct {
		signal signal
		hint   string
	}{{sChild, Child}, {sFire, Fire}, {sMedical, Medical}, {sPolice, Police}} {
		if r.has(s.signal) && (!calm || s.signal == sChild && !r.has(sTopic)) {
			return yes(Emergency, 0.9, s.hint)
		}
	}
	if r.has(sProc, sTopic, sPast) {
		return no()
	}
	for _, s := range [...]struct {
		signal signal
		hint   string
	}{{sFireWeak, Fire}, {sMedicalWeak, Medical}, {sPoliceWeak, Police}} {
		for _, h := range r.hits[s.signal] {
			alone := len(r.toks)-r.talk.end <= 3 && (r.toned || h.size > 1)
			if r.has(sNow, sSOS) || alone {
				return yes(Emergency, 0.8, s.hint)
			}
		}
	}
	if r.has(sSOS) && !r.has(sPortal, sPortalThing) && len(r.toks) <= 15 {
		return yes(Emergency, 0.6, "")
	}
	return no()
}

// denunciation: the citizen says that somebody broke the law, with the word tố
// cáo or without. Asking how one denounces, or what the law says, is a question,
// unless a particular person or the citizen's own case is in it.
func (r *reading) denunciation() (Result, bool) {
	wrong := r.has(sBribe, sCrime) || r.same(sOfficial, sBribeWeak)
	for _, a := range r.hits[sAccuse] {
		target := r.target(a)
		want := r.before(a, sWant) || r.before(a, sSelf)
		howTo := r.before(a, sProc) || r.has(sLegal)
		generic := howTo && !r.has(sNamed) && !r.has(sMoney)
		switch {
		case target && !(generic && !wrong), wrong && (want || target) && !(generic && r.asks()):
			return yes(Denunciation, 0.95, "")
		case target || howTo || r.asks():
			continue // speaks of denouncing, accuses nobody
		case want || len(r.toks)-r.talk.end <= 3:
			return yes(Denunciation, 0.85, "")
		case r.toned && !r.has(sTopic):
			return yes(Denunciation, 0.6, "")
		}
	}
	personal := r.has(sSelf, sNamed, sMoney)
	switch {
	case r.has(sBribe) && (!r.has(sLegal) || r.has(sMoney) || r.has(sNamed)) && (personal || r.has(sOfficial, sSomeone)):
		if r.has(sLegal) && r.asks() && !r.has(sMoney) {
			return no()
		}
		return yes(Denunciation, 0.9, "")
	case r.has(sBribe) && !r.has(sLegal) && !r.asks() && !r.has(sProc):
		return yes(Denunciation, 0.6, "")
	case r.same(sOfficial, sBribeWeak) && !r.has(sLegal) && (personal || !r.asks() && !r.has(sBenefit)):
		return yes(Denunciation, 0.75, "")
	case r.near(sOfficial, sTake, 4) && r.near(sTake, sTakeWhat, 4) && !r.has(sLegal, sBenefit) && !r.asks():
		return yes(Denunciation, 0.6, "")
	case r.has(sCrime) && !r.has(sLegal, sBenefit) && (r.has(sSelf, sSomeone) || !r.asks()) && !(r.has(sProc, sTopic) && r.asks()):
		return yes(Denunciation, 0.7, Crime)
	}
	return no()
}

// target reports whether a person or body stands shortly behind the word of
// accusing, before any question word.
func (r *reading) target(a span) bool {
	const reach = 8 // words
	limit := a.end + reach
	for _, q := range r.hits[sAsk] {
		if q.start >= a.end {
			limit = min(limit, q.start)
		}
	}
	for _, s := range [...]signal{sOfficial, sSomeone} {
		for _, p := range r.hits[s] {
			if p.start >= a.end && p.start < limit && r.sentence[p.start] == r.sentence[a.start] {
				return true
			}
		}
	}
	return false
}

// formalComplaint: a decision wronged the citizen and he contests it.
func (r *reading) formalComplaint() (Result, bool) {
	if r.has(sContestStrong) && !(r.has(sLegal) && r.asks()) {
		return yes(FormalComplaint, 0.85, "")
	}
	for _, c := range r.hits[sContest] {
		switch {
		case r.before(c, sProc), r.before(c, sLegal), r.asks():
			continue
		case r.before(c, sWant), r.before(c, sSelf):
			return yes(FormalComplaint, 0.9, "")
		case c.start <= r.talk.end+1:
			return yes(FormalComplaint, 0.75, "")
		}
	}
	return no()
}

// code finds the code of an earlier report, such as K7M3-9QX2: two groups of
// four with letters and digits. Number plates look alike.
func (r *reading) code() (Result, bool) {
	if r.has(sTopic) && !r.has(sReport, sFeedback) {
		return no()
	}
	for i, k := range r.toks {
		w := strings.ToUpper(k.Exact)
		a, b, ok := strings.Cut(w, "-")
		switch {
		case ok && len(a) == 4 && len(b) == 4:
		case !ok && len(w) == 8 && len(r.toks) <= 3:
			a, b = w[:4], w[4:]
			if !strings.ContainsAny(b, "0123456789") || !mixed(w) {
				continue
			}
		case !ok && len(w) == 4 && i+1 < len(r.toks) && len(r.toks) <= 3 && len(r.toks[i+1].Exact) == 4:
			a, b = w, strings.ToUpper(r.toks[i+1].Exact)
			if !mixed(a) || !mixed(b) {
				continue
			}
		default:
			continue
		}
		if !mixed(a + b) {
			continue
		}
		if i > 0 && (r.toks[i-1].Folded == "so" || r.toks[i-1].Folded == "xe") && !r.has(sReport, sFeedback) {
			continue
		}
		return yes(FeedbackStatus, 0.95, a+"-"+b)
	}
	return no()
}

// mixed reports capital letters and digits, both, and nothing else.
func mixed(s string) bool {
	digits := 0
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c < 'A' || c > 'Z':
			return false
		}
	}
	return digits > 0 && digits < len(s)
}

// complaint: something is broken, dirty, loud, or an office treats people badly.
func (r *reading) complaint() (Result, bool) {
	rules := r.has(sLegal, sBenefit) || r.has(sProc) && (r.asks() || !r.has(sSelf))
	switch {
	case r.has(sFeedback) && !r.has(sConduct):
		return no()
	case r.has(sConduct) && !r.has(sLegal) && (r.has(sOfficial, sSelf, sOfficeNoun) || !r.asks()),
		(r.same(sOfficial, sConductWeak) || r.same(sOfficeNoun, sConductWeak)) && !r.has(sLegal):
		return yes(Complaint, 0.9, Conduct)
	case r.has(sReportStrong) && !r.procedureOfReporting():
		return yes(Complaint, 0.9, "")
	case rules || r.has(sTroubleTopic):
		return no()
	case r.has(sTrouble) && !r.has(sTopic):
		return yes(Complaint, 0.85, "")
	case (r.near(sThing, sBroken, 5) || r.near(sBroken, sThing, 3)) && !r.has(sTopic):
		return yes(Complaint, 0.8, "")
	case r.has(sReport) && !r.asks() && !r.has(sProc, sTopic):
		return yes(Complaint, 0.7, "")
	}
	return no()
}

// procedureOfReporting: "thủ tục gửi phản ánh", "quy định về phản ánh".
func (r *reading) procedureOfReporting() bool {
	if r.has(sWant) || r.has(sSelf) {
		return false
	}
	for _, h := range r.hits[sReportStrong] {
		if r.before(h, sProc) || r.before(h, sLegal) {
			return true
		}
	}
	return false
}

func (r *reading) feedback() (Result, bool) {
	if r.has(sFeedback) && !r.has(sLegal) {
		return yes(FeedbackStatus, 0.9, "")
	}
	return no()
}

// dossier: how far the citizen's own file is. "Nộp bao lâu thì có" is a question
// about the procedure; "nộp cả tháng chưa có" is not.
func (r *reading) dossier() (Result, bool) {
	switch {
	case r.has(sLegal):
		return no()
	case r.has(sDossier):
		return yes(DossierStatus, 0.85, "")
	case r.has(sFiled) && r.has(sWaiting):
		return yes(DossierStatus, 0.85, "")
	}
	for _, k := range r.toks { // a file's code on the receipt: 000.00.12.H23-260105-0001
		if strings.Count(k.Exact, ".") >= 2 && strings.Count(k.Exact, "-") >= 2 && strings.Contains(k.Exact, ".h") {
			return yes(DossierStatus, 0.9, "")
		}
	}
	return no()
}

func (r *reading) portal() (Result, bool) {
	switch {
	case r.has(sLegal):
	case r.has(sPortal):
		return yes(PortalHelp, 0.9, "")
	case r.has(sBenefit) && !r.has(sSelf):
	case r.near(sPortalThing, sPortalBroken, 5), r.near(sPortalBroken, sPortalThing, 4):
		return yes(PortalHelp, 0.75, "")
	}
	return no()
}

func (r *reading) person() (Result, bool) {
	if r.has(sPerson) && !r.has(sLegal, sTopic, sBenefit) {
		return yes(Person, 0.85, "")
	}
	return no()
}

func (r *reading) phone() (Result, bool) {
	if r.has(sHotline) && !r.has(sHotlineNot, sLegal, sBenefit) {
		return yes(Hotline, 0.85, "")
	}
	return no()
}

func (r *reading) office() (Result, bool) {
	switch {
	case r.has(sLegal, sBenefit):
	case r.has(sHours):
		return yes(Office, 0.85, Hours)
	case r.has(sProc, sTopic):
	case r.has(sOffice), r.near(sOfficeNoun, sOfficeWhere, 8), r.near(sOfficeWhere, sOfficeNoun, 2):
		return yes(Office, 0.85, "")
	}
	return no()
}

func (r *reading) news() (Result, bool) {
	if r.has(sNews) && !r.has(sLegal, sBenefit, sTopic) {
		return yes(News, 0.8, "")
	}
	return no()
}

// help: nothing but a word for the menu, or a question about the bot itself.
func (r *reading) help() (Result, bool) {
	for _, h := range r.hits[sHelp] {
		left := r.address(h.end)
		whole := h.start <= r.talk.end+1 && left == len(r.toks)
		if whole || h.size >= 3 && !r.has(sProc, sTopic) {
			return yes(Help, 0.85, "")
		}
	}
	return no()
}

func (r *reading) inEnglish() (Result, bool) {
	if r.english() {
		return yes(English, 0.9, "")
	}
	return no()
}

// rude: a message that insults and asks nothing. Whoever swears and asks gets
// the answer.
func (r *reading) rude() (Result, bool) {
	few := len(r.toks)-r.talk.end <= 2
	insult := r.has(sAbuse) || r.talk.abuse || r.masked() || r.has(sAbuseOnly) && few
	if insult && !r.has(sProc, sTopic) && !(r.question && r.has(sAsk)) {
		return yes(Abuse, 0.85, "")
	}
	return no()
}

func (r *reading) noWords() (Result, bool) {
	if r.gibberish() {
		return yes(Gibberish, 0.8, "")
	}
	return no()
}

// chat: a greeting or thanks with a few words behind that ask nothing ("chào em,
// anh là Tuấn", "cảm ơn em nhiều lắm luôn").
func (r *reading) chat() (Result, bool) {
	const few = 8 // words
	if !r.talk.any() || r.asks() || r.has(sProc, sTopic, sWant) || len(r.toks)-r.talk.end > few ||
		utf8.RuneCountInString(r.text) > 200 {
		return no()
	}
	if r.talk.ack && !r.talk.thanks && !r.talk.greet && !r.talk.bye && !r.talk.abuse {
		return no() // "ok em làm khai sinh": the words behind are the message
	}
	kind, ok := r.talk.onlyTalk()
	return Result{Kind: kind, Confidence: 0.6}, ok
}
