package intent

import (
	"slices"
	"strings"
	"unicode/utf8"

	"cchcbot/knowledge/vietnamese"
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
	if r.has(sLife) {
		return yes(Emergency, 0.9, Medical)
	}
	if r.has(sLegal, sBenefit) && !slices.ContainsFunc([]signal{sFire, sMedical, sPolice}, r.ongoing) {
		return no()
	}
	calm := (r.has(sTopic, sPast, sApply, sCare) || r.has(sGrant, sPortalNot) && r.asks() || r.wantsAid()) && !r.now()
	// A child in danger counts also in the past, but not "khai sinh cho trẻ bị
	// bỏ rơi" nor "nuôi trẻ bị bỏ rơi được bao nhiêu".
	cared := r.has(sTopic, sCare, sAid)
	for _, s := range [...]struct {
		signal signal
		hint   string
	}{{sChild, Child}, {sFire, Fire}, {sMedical, Medical}, {sPolice, Police}, {sOther, ""}} {
		if r.has(s.signal) && (!calm || s.signal == sChild && !cared || r.ongoing(s.signal)) {
			return yes(Emergency, 0.9, s.hint)
		}
	}
	if r.has(sProc, sTopic, sPast, sApply) {
		return no()
	}
	for _, s := range [...]struct {
		signal signal
		hint   string
	}{{sFireWeak, Fire}, {sMedicalWeak, Medical}, {sPoliceWeak, Police}} {
		for _, h := range r.hits[s.signal] {
			alone := len(r.toks)-r.talk.end <= 3 && (r.toned || h.size > 1)
			if r.now() || r.has(sSOS) || alone {
				return yes(Emergency, 0.8, s.hint)
			}
		}
	}
	if r.has(sSOS) && !r.has(sPortal, sPortalThing) && len(r.toks) <= 15 {
		return yes(Emergency, 0.6, "")
	}
	return no()
}

// now reports a sign that something happens now. "Bây giờ muốn làm lại sổ đỏ"
// is none.
func (r *reading) now() bool {
	return r.has(sNow) || r.has(sToday) && !(r.has(sTopic, sApply) && (r.has(sWant) || r.asks()))
}

// ongoing reports that "đang" stands in or shortly before an alarm: what happens
// now is no story, whatever is wanted besides. Of a child "vừa" is as good.
func (r *reading) ongoing(alarm signal) bool {
	const reach = 3 // words
	for _, h := range r.hits[alarm] {
		for i := max(0, h.start-reach); i < h.end; i++ {
			w := r.toks[i].Exact
			is := w == "đang" || alarm == sChild && (w == "vừa" || w == "vua" && !r.toned) ||
				!r.toned && w == "dang" && (i+1 == len(r.toks) || r.toks[i+1].Folded != "ky") // đăng ký
			if is && r.sentence[i] == r.sentence[h.start] {
				return true
			}
		}
	}
	return false
}

// denunciation: the citizen says that somebody broke the law, with the word tố
// cáo or without. Asking how one denounces, or what the law says, is a question,
// unless a particular person or the citizen's own case is in it.
func (r *reading) denunciation() (Result, bool) {
	weak := r.same(sOfficial, sBribeWeak) || r.officialBeats()
	wrong := r.has(sBribe, sCrime) || weak
	// "Phản ánh, khiếu nại với tố cáo nó khác nhau chỗ nào": what went wrong is then an
	// example, unless the citizen or the culprit is in it.
	personal := r.has(sSelf, sNamed, sMoney)
	compares := r.explains() && !(wrong && personal)
	for _, a := range r.hits[sAccuse] {
		target := r.target(a)
		want := r.before(a, sWant) || r.before(a, sSelf)
		howTo := r.before(a, sProc) || r.has(sLegal)
		// "Tố cáo cán bộ xã thì thời hạn giải quyết bao nhiêu ngày" asks for the rules too.
		rules := (r.has(sProc) || r.has(sAccuseRule) && !want) && r.asks() && !r.has(sSelf)
		generic := (howTo || rules) && !r.has(sNamed) && !r.has(sMoney)
		switch {
		case compares && !(r.accuses(a) && (personal || want)):
			continue
		case target && !(generic && !wrong), wrong && (want || target) && !(generic && r.asks()):
			return yes(Denunciation, 0.95, r.crime(a))
		case target || howTo || rules || r.asks():
			continue // speaks of denouncing, accuses nobody
		case want || len(r.toks)-r.talk.end <= 3:
			return yes(Denunciation, 0.85, r.crime(a))
		case r.toned && !r.has(sTopic):
			return yes(Denunciation, 0.6, r.crime(a))
		}
	}
	switch {
	case compares && wrong, weak && !r.has(sBribe) && r.asksWhetherBanned():
		return no()
	case r.has(sBribe) && (!r.has(sLegal) || r.has(sMoney) || r.has(sNamed)) && (personal || r.has(sOfficial, sSomeone)):
		if r.has(sLegal) && r.asks() && !r.has(sMoney) {
			return no()
		}
		return yes(Denunciation, 0.9, "")
	case r.has(sBribe) && !r.has(sLegal) && !r.asks() && !r.has(sProc):
		return yes(Denunciation, 0.6, "")
	case weak && !r.has(sLegal) && (personal || !r.asks() && !r.has(sBenefit) || r.has(sSend, sRights, sAccuseRule)):
		return yes(Denunciation, 0.75, "")
	case r.near(sOfficial, sDemand, 2) && !r.has(sLegal) && !r.asks():
		return yes(Denunciation, 0.7, "")
	case r.near(sOfficial, sTake, 4) && r.near(sTake, sTakeWhat, 4) && !r.has(sLegal, sBenefit) && !r.asks():
		return yes(Denunciation, 0.6, "")
	case r.has(sCrime) && !r.crimeAside():
		return yes(Denunciation, 0.7, Crime)
	}
	return no()
}

// crime is the hint of an accusation that the police hear: "tố giác" is the word for a crime, and
// so is a crime of somebody who is no official.
func (r *reading) crime(a span) string {
	said := slices.ContainsFunc(r.toks[a.start:a.end], func(k vietnamese.Token) bool { return k.Folded == "giac" })
	if (said || r.has(sCrime)) && !r.has(sOfficial) {
		return Crime
	}
	return ""
}

// crimeAside: the crime is the reason or the subject of a question about a
// procedure or the rules.
func (r *reading) crimeAside() bool {
	switch {
	case r.has(sLegal, sBenefit, sPortalNot), r.has(sApply) && (r.asks() || r.has(sWant)):
		return true
	case r.wish(sCrime), r.wantsAid():
		return true // "bị lừa bán đất, xin luật sư nhà nước"
	}
	return r.asks() && (r.has(sProc, sTopic) || !r.has(sSelf, sSomeone))
}

// accuses reports that somebody stands right behind the word of accusing ("tố cáo
// ông A"); "tố cáo nó khác khiếu nại chỗ nào" means the word.
func (r *reading) accuses(a span) bool {
	for _, s := range [...]signal{sOfficial, sSomeone} {
		for _, p := range r.hits[s] {
			if p.start == a.end && r.toks[p.start].Folded != "no" && r.toks[p.start].Folded != "ho" {
				return true
			}
		}
	}
	return false
}

// officialBeats reports that an official is said to have beaten somebody: not
// "chồng say đánh em, chủ tịch xã ra quyết định".
func (r *reading) officialBeats() bool {
	const close = 3 // words
	for _, b := range r.hits[sBeat] {
		if r.before(b, sOfficial) && !slices.ContainsFunc(r.hits[sFamily], func(f span) bool {
			return f.end <= b.start && b.start-f.end <= close
		}) {
			return true
		}
	}
	return false
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
	if r.explains() || r.has(sHow) && r.asks() || r.has(sContestWon) || r.has(sContest) && r.has(sContestOwn) {
		return no()
	}
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
			if len(r.toks) > 1 && !strings.ContainsAny(b, "0123456789") || !mixed(w) {
				continue
			}
		case !ok && len(w) == 4 && i+1 < len(r.toks) && len(r.toks) <= 3 && len(r.toks[i+1].Exact) == 4:
			a, b = w, strings.ToUpper(r.toks[i+1].Exact)
			if len(r.toks) > 2 && (!mixed(a) || !mixed(b)) {
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
	if r.explains() {
		return no()
	}
	rules := r.has(sLegal, sBenefit, sApply) || r.has(sGrant) && (r.asks() || r.has(sWant)) || r.has(sProc) && (r.asks() || !r.has(sSelf))
	switch {
	case r.has(sFeedback) && !r.has(sConduct), r.asksConductRule():
		return no()
	case r.has(sConduct) && !r.has(sLegal) && (r.has(sOfficial, sSelf, sOfficeNoun) || !r.asks()),
		(r.same(sOfficial, sConductWeak) || r.same(sOfficeNoun, sConductWeak)) && !r.has(sLegal):
		return yes(Complaint, 0.9, Conduct)
	case r.has(sRule) && !r.asks() && !r.procedureOfReporting():
		return yes(Complaint, 0.8, Rule)
	case r.sends():
		return no()
	case r.has(sReportStrong) && !r.procedureOfReporting():
		return yes(Complaint, 0.9, r.report())
	case rules || r.has(sTroubleTopic) || r.has(sPaper) && (r.asks() || r.has(sWant)):
		return no()
	case r.has(sTrouble) && !r.has(sTopic):
		return yes(Complaint, 0.85, Scene)
	case r.broken() && !r.has(sTopic):
		return yes(Complaint, 0.8, Scene)
	case r.has(sPraise) && !r.asks() && (r.same(sOfficial, sPraise) || r.same(sOfficeNoun, sPraise) || r.has(sWant)):
		return yes(Complaint, 0.8, Praise)
	case r.has(sReport) && !r.asks() && !r.has(sProc, sTopic):
		return yes(Complaint, 0.7, r.report())
	}
	return no()
}

// broken: a thing stands near the word for what is wrong with it.
func (r *reading) broken() bool { return r.near(sThing, sBroken, 5) || r.near(sBroken, sThing, 3) }

// report is the hint of a text that says in so many words that it reports.
func (r *reading) report() string {
	switch {
	case r.has(sPraise):
		return Praise
	case r.has(sTrouble), r.broken():
		return Scene
	case r.has(sIdea):
		return Idea
	case r.has(sPetition):
		return Petition
	}
	return ""
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
	case r.has(sLegal, sRights, sContest), r.explains(), r.asksNextPaper(), r.has(sCard) && !r.has(sFiled):
		return no()
	case r.has(sDossier), r.has(sDossierBack) && !r.asks() && !r.has(sWant), r.waits(),
		r.has(sDossierFar) && r.has(sTopic, sPaper): // "sổ đỏ nhà tôi làm đến đâu rồi"
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
	case r.has(sLegal, sPortalNot), r.has(sPortal) && r.has(sHotlineNot):
	case r.has(sPortal):
		return yes(PortalHelp, 0.9, "")
	case r.has(sBenefit) && !r.has(sSelf), r.wish(sPortalBroken):
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
	if (r.has(sHotline) || r.wantsNumber() && !r.has(sNumberNot)) && !r.has(sHotlineNot, sLegal, sBenefit) {
		return yes(Hotline, 0.85, "")
	}
	return no()
}

func (r *reading) office() (Result, bool) {
	switch {
	case r.has(sLegal, sBenefit), r.explains():
	case r.has(sHours):
		return yes(Office, 0.85, Hours)
	case r.onlyOffice():
		return yes(Office, 0.6, "")
	case r.has(sProc, sTopic):
	case r.has(sOffice), r.officeWhere():
		return yes(Office, 0.85, "")
	}
	return no()
}

func (r *reading) news() (Result, bool) {
	if r.has(sNews) && !r.has(sLegal, sBenefit, sTopic, sApply) {
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
	const long = 12 // words
	few := len(r.toks)-r.talk.end <= 2
	insult := r.has(sAbuse) || r.talk.abuse || r.masked() || r.has(sAbuseOnly) && few
	// "bị chồng chê …, muốn học nghề thì nộp đơn ở đâu"
	tells := r.has(sHow) && r.asks() && len(r.toks)-r.talk.end > long
	if insult && !r.has(sProc, sTopic) && !(r.question && r.has(sAsk)) && !tells {
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
