package mask

import (
	"regexp"
	"strings"
	"unicode"
)

// The rules read the plain form of a text: one ASCII byte for each rune.
var (
	linkFull = regexp.MustCompile(`\b(?:https?://|www\.)[^\s\x01]+`)
	linkBare = regexp.MustCompile(`\b[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.(?:com|net|org|vn|info|me|io|edu|biz|xyz|top|shop|asia|link|ly|tv|cc|site|online|club)(?:/[^\s\x01]*)?`)
	official = regexp.MustCompile(`^(?:https?://)?(?:[a-z0-9-]+\.)*gov\.vn(?:[/:?#].*)?$`)
	mailOf   = regexp.MustCompile(`[a-z0-9._%+\-]+ ?@ ?[a-z0-9\-]+(?: ?\. ?[a-z0-9\-]{2,})+`)
	mailTold = regexp.MustCompile(`[a-z0-9._%+\-]+ ?(?:\(at\)|\[at\]|\(a\)| at | a cong |@) ?[a-z0-9\-]+(?: (?:dot|cham) | ?\. ?)(?:com|vn|net|org|edu)(?:(?: (?:dot|cham) | ?\. ?)vn)?\b`)
	handleAt = regexp.MustCompile(`(?:^|[\s(,:;])(@[a-z0-9_.]{3,})`)
	network  = regexp.MustCompile(`\b(?:fb|facebook|zalo|telegram|tele|viber|tiktok|instagram|insta|messenger|skype|wechat|nick)(?: cua toi| toi| minh)?(?: (?:la|ten))*(\s*:\s*|\s+)`)
	handleIs = regexp.MustCompile(`^[a-z][a-z0-9]*[._0-9][a-z0-9._]{2,}`)

	plate     = regexp.MustCompile(`\b[1-9]\d ?[-.]? ?[a-z]{1,2}\d? ?[-. ]? ?(?:\d{3}[. ]?\d{2}|\d{4})\b`)
	plateNear = regexp.MustCompile(`(?:bien|bien so|bks|bsx|xe|o to|xe may|so xe)[ :]*$`)
	paper     = regexp.MustCompile(`\b[a-z]{1,3}-?\d{6,}\b`)

	houseSure   = regexp.MustCompile(`\b(?:so nha|nha so)\s*[:.]?\s*(\d{1,4}[a-z]?(?:\s?[/.\-]\s?\d{1,4}[a-z]?)*)\b`)
	houseStreet = regexp.MustCompile(`\bso\s*[:.]?\s*(\d{1,4}[a-z]?(?:\s?[/\-]\s?\d{1,4}[a-z]?)*),?\s+(?:duong|pho|ngo|ngach|hem|kiet|khu pho|khu dan cu|to dan pho|tdp)\b`)
	houseAfter  = regexp.MustCompile(`\b(?:dia chi|o|tai|nha|nha toi|nha o)\s*:?\s+so\s*[:.]?\s*(\d{1,4}[a-z]?(?:\s?[/\-]\s?\d{1,4}[a-z]?)*)\b`)
	houseName   = regexp.MustCompile(`\bso\s*[:.]?\s*(\d{1,4}[a-z]?(?:/\d{1,4}[a-z]?)*),? +[a-z]+ +[a-z]`)
	houseBare   = regexp.MustCompile(`\bnha\s+(\d{1,4}[a-z]?(?:/\d{1,4}[a-z]?)*)\b`)
	houseSlash  = regexp.MustCompile(`\b(\d{1,4}[a-z]?(?:/\d{1,4}[a-z]?)+),?\s+(?:duong|pho|ngo|ngach|hem)\b`)
	houseNot    = regexp.MustCompile(`^\s*(?:tang|gian|phong|can|nguoi|ho\b|met|m\b|m2|cai|khau|the he)`)
	numberedNot = regexp.MustCompile(`(?:quyet dinh|cong van|thong tu|nghi dinh|nghi quyet|luat|van ban|truong|hoc|tuyen|buyt|benh vien|to|doi|cong|khu|cum|tram|quan|den|cot|lo|muc|diem|khoan|dieu|chi thi|thong bao|ke hoach) $`)
	flat        = regexp.MustCompile(`\b(?:can ho|can)\s*(?:so)?\s*[:.]?\s*([a-z]?\d{2,4}[a-z]?)\b`)
	flatIn      = regexp.MustCompile(`\bphong\s*(?:so)?\s*(\d{2,4}[a-z]?),?\s+(?:chung cu|toa nha|toa|nha tro|khu tap the|ky tuc)`)
	plot        = regexp.MustCompile(`\b(?:thua|thua dat|to ban do|lo dat)\s*(?:so)?\s*[:.]?\s*(\d{1,5})\b`)

	wholeDate = regexp.MustCompile(`^\(?(?:\d{1,2}[./\-]\d{1,2}[./\-](?:\d{4}|\d{2})|\d{4}-\d\d-\d\d|\d{1,2}[./\-](?:19|20)\d\d|\d{1,2}/\d{1,2})\)?$`)
	dateRange = regexp.MustCompile(`^\(?\d{1,2}(?:/\d{1,2})?(?:/\d{2,4})?[-/]\d{1,2}/\d{1,2}(?:/\d{2,4})?\)?$`)
	year      = regexp.MustCompile(`^\(?(?:19|20)\d\d(?:[-/](?:19|20)\d\d)?\)?$`)
	short     = regexp.MustCompile(`^\(?1\d\d\d?(?:[/\-]1\d\d\d?)*\)?$`) // 113, 1022: lines for everybody
	freeLine  = regexp.MustCompile(`^\(?1[89]00[ .\-]?\d{2,4}(?:[ .\-]\d{2,4})?\)?$`)
	amount    = regexp.MustCompile(`^\d{1,3}(?:[.,]\d{3})+$`)
	unit      = regexp.MustCompile(`^\s*(?:dong|vnd|d\b|trieu|ty|nghin|ngan|m2|m3|m\b|ha\b|kwh|usd|tan|kg|km)`)
	procedure = regexp.MustCompile(`^\d\.\d{6}(?:\.\d{3}\.\d\d\.\d\d)?$`)
	fraction  = regexp.MustCompile(`^\d{1,3}\.\d{4,}$`) // of a location
	document  = regexp.MustCompile(`^/(?:\d{4}/)?(?:qd|nd|tt|nq|tb|kh|ct|cv|ubnd|bc|hd|luat|qh)\b`)
	numberOf  = regexp.MustCompile(`(?:sdt|so dt|dt|dien thoai|di dong|phone|tel|zalo|goi|lien he|lh|stk|so tai khoan|tai khoan|tk|cmnd|cmt|cccd|can cuoc|chung minh|ho chieu|mst|ma so thue|bhxh|bhyt|so so|seri|so do|ma khach hang|ma kh|hop dong|cong to|the so|so the)(?: [a-z]{1,12}){0,2}[ :.,(so]*$`)
)

// links hides addresses of mails and pages, and names on networks.
func (t *masked) links() {
	for _, at := range mailOf.FindAllStringIndex(t.plain, -1) {
		t.mark(at[0], at[1], Mail)
	}
	for _, at := range mailTold.FindAllStringIndex(t.plain, -1) {
		t.mark(at[0], at[1], Mail)
	}
	for _, re := range []*regexp.Regexp{linkFull, linkBare} {
		for _, at := range re.FindAllStringIndex(t.plain, -1) {
			end := at[0] + len(strings.TrimRight(t.plain[at[0]:at[1]], ".,;:!?)'\""))
			if !official.MatchString(t.plain[at[0]:end]) {
				t.mark(at[0], end, Link)
			}
		}
	}
	for _, at := range handleAt.FindAllStringSubmatchIndex(t.plain, -1) {
		t.mark(at[2], at[3], Handle)
	}
	for _, at := range network.FindAllStringSubmatchIndex(t.plain, -1) {
		if m := handleIs.FindStringIndex(t.plain[at[1]:]); m != nil {
			t.mark(at[1], at[1]+m[1], Handle)
			continue
		}
		said := strings.Contains(t.plain[at[0]:at[1]], ":") || strings.Contains(t.plain[at[0]:at[1]], " la ") || strings.Contains(t.plain[at[0]:at[1]], " ten ")
		if i, ok := t.wordAt(at[1]); ok && said {
			if n := t.capitals(i, 5); n > 0 {
				t.mark(t.words[i].from, t.words[i+n-1].to, Handle)
			}
		}
	}
}

// plates hides numbers of vehicles.
func (t *masked) plates() {
	for _, at := range plate.FindAllStringIndex(t.plain, -1) {
		letter := at[0] + strings.IndexFunc(t.plain[at[0]:at[1]], func(r rune) bool { return r >= 'a' && r <= 'z' })
		if unicode.IsUpper(t.runes[letter]) && !t.loud || plateNear.MatchString(t.before(at[0], 16)) {
			t.mark(at[0], at[1], Plate)
		}
	}
	for _, at := range paper.FindAllStringIndex(t.plain, -1) {
		t.mark(at[0], at[1], Number)
	}
}

// houses hides the number of a house; its street stays.
func (t *masked) houses() {
	group := func(re *regexp.Regexp, ok func(at []int) bool) {
		for _, at := range re.FindAllStringSubmatchIndex(t.plain, -1) {
			if ok == nil || ok(at) {
				t.mark(at[2], at[3], Address)
			}
		}
	}
	for _, re := range []*regexp.Regexp{houseSure, houseAfter, flat, flatIn, plot} {
		group(re, func(at []int) bool { return !houseNot.MatchString(t.behind(at[3], 12)) })
	}
	numbered := func(at []int) bool { return !numberedNot.MatchString(t.before(at[0], 24)) }
	group(houseStreet, numbered)
	group(houseSlash, func(at []int) bool { return !strings.HasSuffix(t.before(at[0], 6), "ngay ") })
	group(houseBare, func(at []int) bool { return !houseNot.MatchString(t.behind(at[3], 12)) })
	// "số 25 Nguyễn Lương Bằng": two words with capitals follow.
	group(houseName, func(at []int) bool {
		i, ok := t.wordAt(at[3])
		return ok && numbered(at) && t.capitals(i, 4) >= 2
	})
}

// gaps are what people put between digits.
const gaps = " .-()/_*'+"

// numbers hides runs of digits that are long enough to lead to somebody.
func (t *masked) numbers() {
	s := t.plain
	for i := 0; i < len(s); i++ {
		if !digit(s[i]) {
			continue
		}
		last, n := i, 1
		for k := i + 1; k < len(s); k++ {
			gap := 0
			for k < len(s) && gap < 4 && (strings.IndexByte(gaps, s[k]) >= 0 || s[k] == ',' && k+1 < len(s) && digit(s[k+1])) {
				k, gap = k+1, gap+1
			}
			if k >= len(s) || gap == 4 {
				break
			}
			if digit(s[k]) || gap == 0 && (s[k] == 'o' || s[k] == 'l') && k+1 < len(s) && digit(s[k+1]) {
				last, n = k, n+1
				continue
			}
			break
		}
		from, to := i, last+1
		if from > 0 && (s[from-1] == '+' || s[from-1] == 'o' && (from == 1 || !alnum(s[from-2]))) {
			from-- // +84…, o912…
			if s[from] == 'o' {
				n++
			}
		}
		if t.identifies(from, to, n) {
			t.mark(from, to, Number)
		}
		i = last
	}
}

// identifies judges a run of n digits.
func (t *masked) identifies(from, to, n int) bool {
	if n < 5 {
		return false
	}
	run := t.plain[from:to]
	if amount.MatchString(run) && (unit.MatchString(t.behind(to, 10)) || run[0] != '0' && n < 9) {
		return false
	}
	if document.MatchString(t.behind(to, 12)) || procedure.MatchString(run) {
		return false
	}
	if fraction.MatchString(run) {
		return true
	}
	if t.harmless(run) {
		return false
	}
	return n >= 8 || numberOf.MatchString(t.before(from, 40))
}

// harmless reports whether a run is made of dates, years and lines for everybody.
func (t *masked) harmless(run string) bool {
	if freeLine.MatchString(run) {
		return true
	}
	small := 0
	for part := range strings.FieldsSeq(strings.ReplaceAll(run, " - ", " ")) {
		part = strings.Trim(part, "-.")
		switch {
		case part == "", wholeDate.MatchString(part), dateRange.MatchString(part), year.MatchString(part), short.MatchString(part), freeLine.MatchString(part):
		case len(part) <= 2:
			small++
		default:
			return false
		}
	}
	return small <= 3
}

// saysDigit reports whether a word is a digit as it is said.
func saysDigit(plain string) bool {
	switch plain {
	case "khong", "mot", "hai", "ba", "bon", "tu", "nam", "lam", "sau", "bay", "tam", "chin", "linh":
		return true
	}
	return false
}

// spelled hides telephone numbers that are written in words.
func (t *masked) spelled() {
	for i := 0; i < len(t.words); {
		j := i
		for j < len(t.words) && saysDigit(t.words[j].plain) && (j == i || t.words[j].from-t.words[j-1].to <= 2) {
			j++
		}
		if j-i >= 8 {
			t.mark(t.words[i].from, t.words[j-1].to, Number)
		}
		i = max(j, i+1)
	}
}
