package complaints

import (
	"strings"
	"unicode"
)

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// phone reads a telephone number as people type it: 0912 345 678, +84 912345678,
// 0220.3851.234. It returns it as 0 and 9 or 10 digits.
func phone(text string) (string, bool) {
	if len(text) > 40 {
		return "", false
	}
	for _, r := range text {
		if !unicode.IsDigit(r) && !strings.ContainsRune(" .-+()", r) {
			return "", false
		}
	}
	digits := onlyDigits(text)
	switch {
	case strings.HasPrefix(digits, "0084"):
		digits = "0" + digits[4:]
	case strings.HasPrefix(digits, "84") && len(digits) >= 11:
		digits = "0" + digits[2:]
	case len(digits) == 9 && digits[0] != '0':
		digits = "0" + digits
	}
	if digits == "" || digits[0] != '0' || len(digits) < 10 || len(digits) > 11 || digits[1] == '0' {
		return "", false
	}
	return digits, true
}

// phoneIn finds a telephone number among other words.
func phoneIn(text string) (string, bool) {
	if p, ok := phone(text); ok {
		return p, true
	}
	for _, run := range strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsDigit(r) && !strings.ContainsRune(" .-+()", r)
	}) {
		if p, ok := phone(strings.Trim(run, " .-()")); ok {
			return p, true
		}
	}
	return "", false
}
