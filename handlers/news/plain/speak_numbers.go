package plain

import (
	"regexp"
	"strings"
)

var (
	fullDate  = regexp.MustCompile(`^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})`)
	isoDate   = regexp.MustCompile(`^(\d{4})-(\d{2})-(\d{2})`)
	someDays  = regexp.MustCompile(`^(\d{1,2})\s?[-–]\s?(\d{1,2})/(\d{1,2})(?:/(\d{4}))?`)
	shortDate = regexp.MustCompile(`^(\d{1,2})/(\d{1,2})`)
	monthYear = regexp.MustCompile(`^(\d{1,2})/(\d{4})`)
	hour      = regexp.MustCompile(`^(\d{1,2})(?:[hg](\d{2})?|:(\d{2}))`)
	document  = regexp.MustCompile(`^(\d{1,6})(?:/(\d{4}))?/([A-ZĐ][A-ZĐa-z&]*(?:-[A-ZĐ][A-ZĐa-z&]*)*\d{0,2})`)
	phone     = regexp.MustCompile(`^(?:\+84[ .]?\d{2,3}|0\d{2,3})(?:[ .]?\d{3,4}){2}|^1[89]00[ .]?\d{2}[ .]?\d{2,4}`)
	number    = regexp.MustCompile(`^(\d{1,3}(?:\.\d{3})+|\d+)(?:,(\d{1,6})|\.(\d{1,2})\b)?`)
	// code is a procedure's national code; behind it may stand the province's, which nobody needs to hear.
	code  = regexp.MustCompile(`^(\d)\.(\d{6})(?:\.\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2})?`)
	until = regexp.MustCompile(`^\s?[-–]\s?\d`)
)

func real(d, m int) bool { return d >= 1 && d <= 31 && m >= 1 && m <= 12 }

// dates says days: 29/11/2026, 29/11, 11/2026, 29-30/11, 2026-11-29.
func (s *speaker) dates(rest string) int {
	prefix := "ngày "
	if s.last == "ngày" || s.last == "mùng" {
		prefix = ""
	}
	said := func(d int) string {
		if s.last == "mùng" {
			return Number(uint64(d))
		}
		return day(d)
	}
	year := func(y string) string { return " năm " + whole(y) }
	take := func(m []string, words string) int {
		if digitAt(rest, len(m[0])) {
			return 0
		}
		s.say(words)
		return len(m[0])
	}
	if m := fullDate.FindStringSubmatch(rest); m != nil && real(atoi(m[1]), atoi(m[2])) {
		return take(m, prefix+said(atoi(m[1]))+" tháng "+month(atoi(m[2]))+year(m[3]))
	}
	if m := isoDate.FindStringSubmatch(rest); m != nil && real(atoi(m[3]), atoi(m[2])) {
		return take(m, prefix+said(atoi(m[3]))+" tháng "+month(atoi(m[2]))+year(m[1]))
	}
	if m := someDays.FindStringSubmatch(rest); m != nil && real(atoi(m[1]), atoi(m[3])) && real(atoi(m[2]), atoi(m[3])) {
		words := prefix + said(atoi(m[1])) + " đến ngày " + day(atoi(m[2])) + " tháng " + month(atoi(m[3]))
		if m[4] != "" {
			words += year(m[4])
		}
		return take(m, words)
	}
	if m := monthYear.FindStringSubmatch(rest); m != nil && real(1, atoi(m[1])) && m[2] >= "1900" && m[2] <= "2199" && ends(rest[len(m[0]):]) && !strings.HasPrefix(rest[len(m[0]):], "/") {
		words := "tháng " + month(atoi(m[1])) + year(m[2])
		if s.last == "tháng" {
			words = strings.TrimPrefix(words, "tháng ")
		}
		return take(m, words)
	}
	if m := shortDate.FindStringSubmatch(rest); m != nil && real(atoi(m[1]), atoi(m[2])) && !strings.HasPrefix(rest[len(m[0]):], "/") {
		if prefix != "" && !leadsToDay(s.last) && atoi(m[1]) <= 12 && len(m[0]) < 5 {
			return take(m, whole(m[1])+" phần "+whole(m[2]))
		}
		return take(m, prefix+said(atoi(m[1]))+" tháng "+month(atoi(m[2])))
	}
	return 0
}

// leadsToDay reports whether a day is likely to follow a word.
func leadsToDay(last string) bool {
	switch last {
	case "từ", "đến", "trước", "sau", "hết", "sáng", "chiều", "tối", "trưa", "hôm", "vào", "nhật", "hai", "ba", "tư", "năm", "sáu", "bảy", "lễ", "dịp":
		return true
	}
	return false
}

func digitAt(text string, n int) bool { return n < len(text) && digit(rune(text[n])) }

// hours says times of the day: 7h30, 14:00.
func (s *speaker) hours(rest string) int {
	m := hour.FindStringSubmatch(rest)
	if m == nil || !ends(rest[len(m[0]):]) {
		return 0
	}
	minutes := m[2] + m[3]
	if atoi(m[1]) > 24 || minutes != "" && atoi(minutes) > 59 {
		return 0
	}
	words := whole(m[1]) + " giờ"
	if minutes != "" && atoi(minutes) > 0 {
		words += " " + Number(uint64(atoi(minutes))) + " phút"
	}
	s.say(words)
	return len(m[0]) + s.to(rest[len(m[0]):])
}

// to says what a dash between two numbers means, and returns how long it is.
func (s *speaker) to(rest string) int {
	m := until.FindString(rest)
	if m == "" {
		return 0
	}
	s.say("đến")
	return len(m) - 1
}

// paper says the number of a document: 1234/QĐ-UBND, 45/2020/NĐ-CP.
func (s *speaker) paper(rest string) int {
	m := document.FindStringSubmatch(rest)
	if m == nil || !ends(rest[len(m[0]):]) {
		return 0
	}
	words := whole(m[1])
	if m[2] != "" {
		words += " năm " + whole(m[2])
	}
	for part := range strings.SplitSeq(m[3], "-") {
		if a, ok := s.l.shortFor(part); ok && a.From == part {
			words += ", " + a.To
		} else if letters := strings.TrimRight(part, "0123456789"); letters != part {
			if a, ok := s.l.shortFor(letters); ok && a.From == letters {
				words += ", " + a.To + " " + whole(part[len(letters):])
			} else {
				words += ", " + s.l.spell(part)
			}
		} else {
			words += ", " + s.l.spell(part)
		}
	}
	s.say(words)
	return len(m[0])
}

// phones says the numbers that are called, digit by digit.
func (s *speaker) phones(rest string) int {
	if m := phone.FindString(rest); m != "" && !digitAt(rest, len(m)) {
		s.say(oneByOne(m))
		return len(m)
	}
	m := number.FindStringSubmatch(rest)
	if m == nil || m[2]+m[3] != "" || len(m[1]) < 3 || len(m[1]) > 4 || strings.Contains(m[1], ".") || !calls(s.last) {
		return 0
	}
	s.say(oneByOne(m[1]))
	return len(m[0])
}

// calls reports whether a word speaks of a telephone.
func calls(last string) bool {
	switch last {
	case "gọi", "máy", "đài", "nóng", "thoại", "hotline", "tel", "đt", "sđt":
		return true
	}
	return false
}

// codes says a procedure's code figure by figure: it is looked up, never counted.
func (s *speaker) codes(rest string) int {
	m := code.FindStringSubmatch(rest)
	if m == nil || digitAt(rest, len(m[0])) {
		return 0
	}
	s.say(oneByOne(m[1]) + " chấm " + oneByOne(m[2]))
	return len(m[0])
}

// amount says any other number, with what is counted.
func (s *speaker) amount(rest string) int {
	m := number.FindStringSubmatch(rest)
	if m == nil {
		return 0
	}
	n := len(m[0])
	if s.last == "giờ" && len(m[0]) == 2 && atoi(m[1]) < 60 { // "8 giờ 30"
		if v := atoi(m[1]); v > 0 {
			s.say(Number(uint64(v)))
			if !strings.HasPrefix(strings.TrimLeft(rest[n:], " "), "phút") {
				s.say("phút")
			}
		}
		return n + s.to(rest[n:])
	}
	if len(m[1]) > 1 && m[1][0] == '0' { // a code
		s.say(oneByOne(m[1]))
	} else {
		s.say(whole(strings.ReplaceAll(m[1], ".", "")))
	}
	if digits := m[2] + m[3]; digits != "" {
		s.say("phẩy " + decimal(digits))
	}
	behind := rest[n:]
	if trimmed := strings.TrimLeft(behind, " "); len(behind)-len(trimmed) <= 1 {
		for _, u := range s.l.units {
			if strings.HasPrefix(trimmed, u.From) && ends(trimmed[len(u.From):]) {
				s.say(u.To)
				n = len(rest) - len(trimmed) + len(u.From)
				break
			}
		}
	}
	if strings.HasPrefix(rest[n:], ".") && digitAt(rest, n+1) {
		s.say("chấm ")
		return n + 1
	}
	return n + s.to(rest[n:])
}
