package complaints

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// dayProblem says why a typed day is not taken.
type dayProblem string

const (
	dayFine   dayProblem = ""
	dayUnread dayProblem = "complaints.day_unread"
	dayFuture dayProblem = "complaints.day_future"
	dayOld    dayProblem = "complaints.day_old"
)

// firstDay is the first day for which the directory knows who answers.
const firstDay = 2021

var (
	dateTyped  = regexp.MustCompile(`(?:^|\D)(\d{1,2})\s*[/.\-]\s*(\d{1,2})(?:\s*[/.\-]\s*(\d{4}|\d{2}))?(?:\D|$)`)
	dateWords  = regexp.MustCompile(`(?:^|\D)(\d{1,2})\s+thang\s+(\d{1,2})(?:\s+nam\s+(\d{4}))?(?:\D|$)`)
	monthTyped = regexp.MustCompile(`(?:^|\D)(\d{1,2})\s*[/.\-]\s*(\d{4})(?:\D|$)`)
	monthWords = regexp.MustCompile(`\bthang\s+(\d{1,2})(?:\s*(?:/|nam)\s*(\d{4}))?(?:\D|$)`)
	dayWords   = regexp.MustCompile(`\bngay\s+(\d{1,2})(?:\s+(thang)\s+(?:truoc|roi)|\D|$)`)
	weekday    = regexp.MustCompile(`(\blan\s+)?\b(?:thu\s+(hai|ba|tu|nam|sau|bay|[2-7])|(chu nhat))\b`)
	yearWords  = regexp.MustCompile(`\b((?:19|20)\d\d)\b`)
	aboutSpan  = regexp.MustCompile(`(\bngay\s+)?\b(\d{1,2})\s*-\s*(\d{1,2})(\s+(?:ngay|hom|bua|tuan|thang|nam\s+nay)\b)`)
)

// parseDay reads the day of an event from folded text, as people type it: "hôm nay", "hôm qua",
// "3 ngày trước", "hai tuần nay", "thứ hai", "ngày 20", "20/11", "20-11-2026", "ngày 5 tháng 3",
// "tháng 10", "năm ngoái". A date without a year is the last one that has been; of a month or
// a year it is the first day. now is the day on which it is typed.
func parseDay(folded string, now time.Time) (string, dayProblem) {
	if len(folded) > 200 {
		folded = strings.ToValidUTF8(folded[:200], "")
	}
	folded = monthsInDigits(longerSpan(folded))
	for _, date := range []*regexp.Regexp{dateWords, dateTyped} {
		if m := date.FindStringSubmatch(folded); m != nil {
			return dated(m[1], m[2], yearOf(m[3], folded, now), now)
		}
	}
	if m := monthTyped.FindStringSubmatch(folded); m != nil {
		return dated("1", m[1], m[2], now)
	}
	if m := dayWords.FindStringSubmatch(folded); m != nil {
		return dayOfMonth(m[1], m[2] != "", now)
	}
	if back, ok := sinceWeekday(folded, now); ok {
		return between(now.AddDate(0, 0, -back), now)
	}
	if m := monthWords.FindStringSubmatch(folded); m != nil {
		return dated("1", m[1], yearOf(m[2], folded, now), now)
	}
	words := strings.FieldsFunc(folded, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",.;!?", r) })
	if n, ok := ago(words, true); ok {
		return between(now.AddDate(0, 0, -n), now)
	}
	for _, w := range namedDays {
		if strings.Contains(folded, w.words) {
			return between(now.AddDate(0, 0, -w.back), now)
		}
	}
	if n, ok := ago(words, false); ok {
		return between(now.AddDate(0, 0, -n), now)
	}
	switch {
	case strings.Contains(folded, "thang nay"), strings.Contains(folded, "dau thang"):
		return between(now.AddDate(0, 0, 1-now.Day()), now)
	case strings.Contains(folded, "nam nay"), strings.Contains(folded, "dau nam"):
		return between(now.AddDate(0, 0, 1-now.YearDay()), now)
	}
	if m := yearWords.FindStringSubmatch(folded); m != nil {
		return dated("1", "1", m[1], now)
	}
	return "", dayUnread
}

// namedDays are folded words for days: hôm kia, hôm qua, tuần trước, hôm nay …
// What lies further back stands first: "hôm qua đến hôm nay" began yesterday.
var namedDays = [...]struct {
	words string
	back  int
}{
	{"nam kia", 730}, {"nam ngoai", 365}, {"nam truoc", 365}, {"nam roi", 365}, {"last year", 365},
	{"thang truoc", 30}, {"thang roi", 30}, {"tuan truoc", 7}, {"tuan roi", 7}, {"last month", 30}, {"last week", 7}, {"tuan nay", 6}, {"hom kia", 2},
	{"hom qua", 1}, {"sang qua", 1}, {"trua qua", 1}, {"chieu qua", 1}, {"toi qua", 1}, {"dem qua", 1}, {"yesterday", 1},
	{"hom nay", 0}, {"bay gio", 0}, {"vua xong", 0}, {"sang nay", 0}, {"trua nay", 0}, {"chieu nay", 0}, {"toi nay", 0}, {"today", 0}, {"now", 0},
}

// spans are folded words for spans of time, in days.
var spans = map[string]int{
	"ngay": 1, "hom": 1, "bua": 1, "day": 1, "days": 1, "tuan": 7, "week": 7, "weeks": 7, "thang": 30, "month": 30, "months": 30, "nam": 365, "year": 365, "years": 365,
}

// counts are folded words for numbers. "mấy" and "vài" are a few; "cả" is one whole.
var counts = map[string]int{
	"mot": 1, "hai": 2, "ba": 3, "bon": 4, "nam": 5, "lam": 5, "sau": 6, "bay": 7, "tam": 8, "chin": 9, "muoi": 10, "ca": 1, "may": 3, "vai": 3,
	"a": 1, "one": 1, "two": 2, "three": 3, "few": 3,
}

// longerSpan makes "4 ngày" of "3-4 ngày", which is no date. "ngày 3-4" is one, and "20-11 hôm …".
func longerSpan(folded string) string {
	return aboutSpan.ReplaceAllStringFunc(folded, func(found string) string {
		m := aboutSpan.FindStringSubmatch(found)
		few, _ := strconv.Atoi(m[2])
		most, _ := strconv.Atoi(m[3])
		if m[1] != "" || few >= most {
			return found
		}
		return m[3] + m[4]
	})
}

// months are folded words for months.
var months = map[string]int{
	"mot": 1, "hai": 2, "ba": 3, "tu": 4, "bon": 4, "nam": 5, "sau": 6, "bay": 7, "tam": 8, "chin": 9, "muoi": 10,
}

// monthsInDigits makes "tháng 3" of "tháng ba"; "một tháng ba lần" is a span and stays.
func monthsInDigits(folded string) string {
	words := strings.Fields(folded)
	at := func(i int) string {
		if i < 0 || i >= len(words) {
			return ""
		}
		return strings.Trim(words[i], ",.;!?")
	}
	for i := range words {
		n := months[at(i+1)]
		if at(i) != "thang" || n == 0 || at(i+2) == "lan" {
			continue
		}
		_, err := strconv.Atoi(at(i - 1))
		dated := slices.Contains([]string{"ngay", "mung", "mong"}, at(i-2))
		if !dated && (err == nil || counts[at(i-1)] > 0) { // "3 tháng sau", "một tháng ba lần"
			continue
		}
		if more := months[at(i+2)]; n == 10 && more > 0 && more < 3 {
			n += more
			words[i+2] = strings.TrimPrefix(words[i+2], at(i+2))
		}
		words[i+1] = strings.Replace(words[i+1], at(i+1), strconv.Itoa(n), 1)
	}
	return strings.Join(words, " ")
}

// yearOf is the year of a date: the typed one, or the one that words beside it name.
func yearOf(typed, folded string, now time.Time) string {
	switch {
	case typed != "":
		return typed
	case strings.Contains(folded, "nam ngoai"), strings.Contains(folded, "nam truoc"), strings.Contains(folded, "last year"):
		return strconv.Itoa(now.Year() - 1)
	case strings.Contains(folded, "nam kia"):
		return strconv.Itoa(now.Year() - 2)
	}
	return ""
}

// surely reports whether a number and a word for a span mean one. Without marks "bà hôm qua" and
// "sau bữa cơm" look like three and six days.
func surely(number, span, next string) bool {
	few := number == "may" || number == "vai"
	switch {
	case span == "hom" && (next == "qua" || next == "kia"):
		return few
	case slices.Contains([]string{"truoc", "nay", "roi", "lien", "ago"}, next):
		return true
	}
	_, err := strconv.Atoi(number)
	return err == nil || few
}

// ago reads how many days lie in words such as "3 ngày", "hai tuần", "mười lăm hôm", "nửa tháng";
// sure leaves out what may mean something else.
func ago(words []string, sure bool) (days int, ok bool) {
	at := func(i int) string {
		if i < 0 || i >= len(words) {
			return ""
		}
		return words[i]
	}
	for i, w := range words {
		span, known := spans[w]
		if !known || i == 0 || sure && !surely(at(i-1), w, at(i+1)) {
			continue
		}
		if n, err := strconv.Atoi(at(i - 1)); err == nil && n >= 0 && n < 1000 {
			return n * span, true
		}
		if at(i-1) == "nua" && span > 1 {
			return span / 2, true
		}
		n := counts[at(i-1)]
		switch tens := counts[at(i-2)]; {
		case n == 0:
			continue
		case n == 10 && tens > 1 && tens < 10: // hai mươi
			n *= tens
		case n < 10 && tens == 10: // mười lăm, hai mươi lăm
			n += 10 * max(1, counts[at(i-3)]%10)
		}
		return n * span, true
	}
	return 0, false
}

// sinceWeekday is how many days ago a weekday was: the last before today, or that of the week before.
func sinceWeekday(folded string, now time.Time) (back int, ok bool) {
	m := weekday.FindStringSubmatch(folded)
	if m == nil || m[1] != "" { // "lần thứ hai" is no Monday
		return 0, false
	}
	day := 8 // chủ nhật
	if n, err := strconv.Atoi(m[2]); err == nil {
		day = n
	} else if m[2] != "" {
		day = map[string]int{"hai": 2, "ba": 3, "tu": 4, "nam": 5, "sau": 6, "bay": 7}[m[2]]
	}
	today := (int(now.Weekday())+6)%7 + 2
	if strings.Contains(folded, "tuan truoc") || strings.Contains(folded, "tuan roi") {
		return today - day + 7, true
	}
	if back = today - day; back <= 0 {
		back += 7
	}
	return back, true
}

// dayOfMonth is the last such day that has been, or that of the month before.
func dayOfMonth(day string, before bool, now time.Time) (string, dayProblem) {
	d, err := strconv.Atoi(day)
	if err != nil || d < 1 || d > 31 {
		return "", dayUnread
	}
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, now.Location())
	for back := range 3 {
		at := month.AddDate(0, -back, d-1)
		if at.Day() == d && !at.After(now) && (back > 0 || !before) {
			return between(at, now)
		}
	}
	return "", dayUnread
}

// dated is a day with month and perhaps year.
func dated(day, month, year string, now time.Time) (string, dayProblem) {
	d, errDay := strconv.Atoi(day)
	m, errMonth := strconv.Atoi(month)
	y := now.Year()
	if year != "" {
		n, err := strconv.Atoi(year)
		if err != nil {
			return "", dayUnread
		}
		if y = n; n < 100 {
			y = 2000 + n
		}
	}
	if errDay != nil || errMonth != nil || m < 1 || m > 12 {
		return "", dayUnread
	}
	at := time.Date(y, time.Month(m), d, 0, 0, 0, 0, now.Location())
	if at.Day() != d { // 31/2
		return "", dayUnread
	}
	if year == "" && at.After(now) {
		at = time.Date(y-1, time.Month(m), d, 0, 0, 0, 0, now.Location())
		if at.Day() != d {
			return "", dayUnread
		}
	}
	return between(at, now)
}

func between(at, now time.Time) (string, dayProblem) {
	switch {
	case at.After(now):
		return "", dayFuture
	case at.Year() < firstDay:
		return "", dayOld
	}
	return at.Format(time.DateOnly), dayFine
}
