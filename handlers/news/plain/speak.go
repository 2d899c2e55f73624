package plain

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxText is how many bytes of a text are read; what is beyond is left out.
const MaxText = 200_000

// Speak turns a text into sentences to read aloud: numbers, dates, hours, abbreviations
// and addresses are spelled out, signs are gone. No digit is left.
func (l *Language) Speak(text string) []string {
	text = cut(text)
	var out []string
	for line := range strings.Lines(text) {
		s := &speaker{l: l, in: bullets.ReplaceAllString(strings.TrimSpace(line), "")}
		if m := numbered.FindStringSubmatch(s.in); m != nil {
			s.say(whole(m[1]) + ": ")
			s.at = len(m[0])
		}
		s.run()
		out = append(out, sentences(s.out.String())...)
	}
	return out
}

// cut keeps what is valid of a text, up to MaxText.
func cut(text string) string {
	if len(text) > MaxText {
		text = text[:MaxText]
	}
	return strings.ToValidUTF8(text, "")
}

var (
	bullets  = regexp.MustCompile(`^[\s•*·▪–—-]+`)
	numbered = regexp.MustCompile(`^(\d{1,2})[.)]\s+`)
	ending   = regexp.MustCompile(`[.!?;]+["”’)]*(?:\s+|$)`)
	spaces   = regexp.MustCompile(`\s+`)
	before   = regexp.MustCompile(`\s+([,.;:!?])`)
	twice    = regexp.MustCompile(`([,;:])(?:\s*[,;:])+`)
	leading  = regexp.MustCompile(`^[\s,.;:!?]+`)
	stop     = regexp.MustCompile(`[,;:]\s*([.!?])`)
)

// sentences parts a text that is spelled out.
func sentences(text string) []string {
	var out []string
	add := func(s string) {
		s = spaces.ReplaceAllString(s, " ")
		s = before.ReplaceAllString(s, "$1")
		s = twice.ReplaceAllString(s, "$1")
		s = stop.ReplaceAllString(s, "$1")
		s = strings.TrimRight(leading.ReplaceAllString(s, ""), " ,;:")
		if !strings.ContainsFunc(s, letter) {
			return
		}
		r, n := utf8.DecodeRuneInString(s)
		s = string(unicode.ToUpper(r)) + s[n:]
		if !strings.HasSuffix(s, "!") && !strings.HasSuffix(s, "?") && !strings.HasSuffix(s, ".") {
			s += "."
		}
		out = append(out, s)
	}
	for {
		m := ending.FindStringIndex(text)
		if m == nil {
			add(text)
			return out
		}
		part := text[:m[1]]
		add(strings.TrimRight(strings.TrimSpace(part), ";"))
		text = text[m[1]:]
	}
}

// speaker goes through one line.
type speaker struct {
	l   *Language
	in  string
	at  int
	out strings.Builder
	// last is the word before, in small letters.
	last string
	caps bool // it was in capitals
}

func (s *speaker) say(words string) {
	if words == "" {
		return
	}
	if s.out.Len() > 0 && !strings.HasSuffix(s.out.String(), " ") {
		s.out.WriteByte(' ')
	}
	s.out.WriteString(words)
	s.last = lastWord(words)
}

func lastWord(text string) string {
	i := strings.LastIndexByte(text, ' ')
	return strings.ToLower(text[i+1:])
}

func (s *speaker) run() {
	for s.at < len(s.in) {
		rest := window(s.in[s.at:])
		if n := s.token(rest); n > 0 {
			s.at += n
			if s.at < len(s.in) {
				if r, _ := utf8.DecodeRuneInString(s.in[s.at:]); letter(r) || digit(r) {
					s.out.WriteByte(' ')
				}
			}
			continue
		}
		s.at += s.sign(rest)
	}
}

// maxToken is how many bytes are looked at from one place on: a pattern takes as long as the text it is given.
const maxToken = 160

// window is the beginning of a text.
func window(text string) string {
	if len(text) <= maxToken {
		return text
	}
	n := maxToken
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// token says what a text begins with and returns how long it is; 0 when it is a sign.
func (s *speaker) token(rest string) int {
	r, _ := utf8.DecodeRuneInString(rest)
	if !letter(r) && !digit(r) {
		if m := phone.FindString(rest); m != "" && r == '+' {
			s.say("cộng " + oneByOne(m))
			return len(m)
		}
		return s.aside(rest)
	}
	for _, rule := range [...]func(string) int{s.address, s.known, s.dates, s.hours, s.paper, s.phones, s.codes, s.amount, s.word} {
		if n := rule(rest); n > 0 {
			return n
		}
	}
	return 0
}

// sign says one rune that is no word.
func (s *speaker) sign(rest string) int {
	r, n := utf8.DecodeRuneInString(rest)
	switch {
	case strings.ContainsRune(".,;:!?", r):
		s.out.WriteRune(r)
		s.last = ""
	case unicode.IsSpace(r):
		s.out.WriteByte(' ')
	case r == '…':
		s.out.WriteString(". ")
	case r == '(' || r == ')' || r == '[' || r == ']' || r == '–' || r == '—':
		s.out.WriteString(", ")
		s.last = ""
	case r == '-' && strings.HasPrefix(rest, "- "):
		s.out.WriteString(", ")
	case r == '/' && (s.last == "đồng" || s.last == "trăm" || s.last == "triệu"): // "đồng/tháng"
		s.say("một ")
	case r == '/':
		s.out.WriteString(", ")
	case r == '&':
		s.say("và ")
	case r == '+':
		s.say("cộng ")
	case r == '=':
		s.say("bằng ")
	case r == '%':
		s.say("phần trăm ")
	case r == '@':
		s.say("a còng ")
	default:
		s.out.WriteByte(' ') // quotes, emoji and the rest say nothing
	}
	return n
}

var inBrackets = regexp.MustCompile(`^\(\s*(?:(?:gọi|viết) tắt là\s)?"?[A-ZĐ][A-ZĐa-z0-9&-]{0,11}"?\s*\)`)

// aside leaves out an abbreviation in brackets: what it stands for was just said.
func (s *speaker) aside(rest string) int {
	if m := inBrackets.FindString(rest); m != "" && strings.ContainsFunc(m, unicode.IsUpper) {
		inner := strings.Trim(m, `()" `)
		if capitals(inner) == len(inner) {
			return len(m)
		}
		if _, ok := s.l.shortFor(inner); ok {
			return len(m)
		}
	}
	return 0
}

var (
	link  = regexp.MustCompile(`^(?i:https?://)?((?:[\p{L}\d-]+\.)+[A-Za-z]{2,10})(?::\d+)?((?:[/?#][^\s<>"”]*)?)`)
	email = regexp.MustCompile(`^[A-Za-z0-9._%+-]+@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,10})`)
	web   = regexp.MustCompile(`^(?i:https?://)[^\s<>"”]*`)
)

// endings are what an address without "https" must end in: "xong.Sau" is none.
var endings = []string{".vn", ".com", ".org", ".net"}

// address says where something is on the web: the host only, nobody can write the rest down.
func (s *speaker) address(rest string) int {
	if m := email.FindStringSubmatch(rest); m != nil {
		user, host, _ := strings.Cut(m[0], "@")
		s.say(s.l.dotted(user) + " a còng " + s.l.dotted(host))
		return len(m[0])
	}
	m := link.FindStringSubmatch(rest)
	if m == nil {
		if n := len(web.FindString(rest)); n > 0 {
			s.say("địa chỉ trên mạng")
			return s.whole(n)
		}
		return 0
	}
	scheme := strings.Contains(m[0], "://")
	host := strings.ToLower(m[1])
	ours := false
	for _, e := range endings {
		ours = ours || strings.HasSuffix(host, e)
	}
	if !scheme && !ours {
		return 0
	}
	s.say(s.l.dotted(strings.TrimPrefix(host, "www.")))
	return s.whole(len(m[0]))
}

// whole is how long an address is that was seen up to n: without signs that belong to the sentence.
func (s *speaker) whole(n int) int {
	if n >= maxToken-utf8.UTFMax {
		rest := s.in[s.at:]
		if i := strings.IndexFunc(rest[n:], unicode.IsSpace); i >= 0 {
			n += i
		} else {
			n = len(rest)
		}
	}
	for n > 1 && strings.IndexByte(".,;:!?)", s.in[s.at+n-1]) >= 0 {
		n--
	}
	return n
}

// dotted says the parts of an address.
func (l *Language) dotted(host string) string {
	parts := strings.Split(host, ".")
	for i, p := range parts {
		parts[i] = l.label(p)
	}
	return strings.Join(parts, " chấm ")
}

func (l *Language) label(p string) string {
	if said := l.labels[strings.ToLower(p)]; said != "" {
		return said
	}
	var b strings.Builder
	for _, r := range p {
		switch {
		case digit(r):
			b.WriteString(" " + figures[r-'0'] + " ")
		case r == '-':
			b.WriteString(" gạch ngang ")
		case r == '_':
			b.WriteString(" gạch dưới ")
		case letter(r):
			b.WriteRune(r)
		default:
			b.WriteByte(' ')
		}
	}
	return strings.TrimSpace(spaces.ReplaceAllString(b.String(), " "))
}

// known says an abbreviation of the list. In a line of capitals only those that are no words.
func (s *speaker) known(rest string) int {
	a, ok := s.l.shortFor(rest)
	if !ok || s.caps && spoken(a.From) && !digit(rune(a.From[0])) {
		return 0
	}
	s.say(a.To)
	return len(a.From)
}

// word says a word, and letters where nobody knows what they stand for.
func (s *speaker) word(rest string) int {
	if n := roman(rest); n > 0 && counted(s.last) {
		v := romanValue(rest[:n])
		switch {
		case s.last == "thứ" && v == 1:
			s.say("nhất")
		case s.last == "thứ" && v == 4:
			s.say("tư")
		default:
			s.say(Number(uint64(v)))
		}
		return n
	}
	if n := capitals(rest); n > 0 && !letterAt(rest, n) {
		w := rest[:n]
		if spoken(w) && (marked(w) || s.caps || capitals(strings.TrimLeft(rest[n:], " ")) > 0 || utf8.RuneCountInString(w) > 4) {
			s.say(strings.ToLower(w))
			s.caps = true
			return n
		}
		s.caps = false
		s.say(s.l.spell(w))
		return n
	}
	n := 0
	for i, r := range rest {
		if !letter(r) {
			break
		}
		n = i + utf8.RuneLen(r)
	}
	if n == 0 {
		return 0
	}
	w := rest[:n]
	if !s.caps || utf8.RuneCountInString(w) > 1 {
		s.caps = false
	}
	s.join(w)
	return n
}

// join says a word as it is written, without a space where there is none.
func (s *speaker) join(w string) {
	s.out.WriteString(w)
	s.last = strings.ToLower(w)
}

func letterAt(text string, n int) bool {
	r, _ := utf8.DecodeRuneInString(text[n:])
	return n < len(text) && letter(r)
}

// spell says the letters of a word.
func (l *Language) spell(w string) string {
	var out []string
	for _, r := range w {
		switch said := l.letters[unicode.ToUpper(r)]; {
		case said != "":
			out = append(out, said)
		case digit(r):
			out = append(out, figures[r-'0'])
		case r == '&':
			out = append(out, "và")
		case letter(r):
			out = append(out, string(unicode.ToLower(r)))
		}
	}
	return strings.Join(out, " ")
}

var romanWord = regexp.MustCompile(`^[IVX]{1,5}`)

// roman is how long a Roman number at the beginning is.
func roman(rest string) int {
	n := len(romanWord.FindString(rest))
	if n == 0 || !ends(rest[n:]) || romanValue(rest[:n]) == 0 {
		return 0
	}
	return n
}

// romanValue is what a Roman number up to 39 says, 0 for none.
func romanValue(text string) int {
	tens := strings.Count(text, "X")
	for v := 1; v < 40; v++ {
		if tens <= 4 && romanOf(v) == text {
			return v
		}
	}
	return 0
}

func romanOf(v int) string {
	ones := [...]string{"", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"}
	return strings.Repeat("X", v/10) + ones[v%10]
}

// counted reports whether a Roman number may follow a word.
func counted(last string) bool {
	switch last {
	case "quý", "khóa", "khoá", "kỳ", "thứ", "chương", "phần", "mục", "hạng", "loại", "cấp", "kỷ", "lần", "vùng", "nhóm", "khu":
		return true
	}
	return false
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0 // digits only come here, and few
	}
	return n
}
