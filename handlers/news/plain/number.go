package plain

import (
	"strconv"
	"strings"
)

var figures = [...]string{"không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"}

// Number says a whole number, as from 0 on.
func Number(n uint64) string {
	const billion = 1_000_000_000
	if n >= billion {
		out := Number(n/billion) + " tỷ"
		if rest := n % billion; rest > 0 {
			out += " " + below(rest, true)
		}
		return out
	}
	return below(n, false)
}

// below says a number below a billion; full says the hundreds of its first group
// also when there are none, for it goes on from something.
func below(n uint64, full bool) string {
	if n == 0 {
		return figures[0]
	}
	var out []string
	for _, g := range [...]struct {
		size uint64
		name string
	}{{1_000_000, "triệu"}, {1000, "nghìn"}, {1, ""}} {
		part := n / g.size
		n %= g.size
		if part == 0 {
			continue
		}
		out = append(out, group(part, full || len(out) > 0))
		if g.name != "" {
			out = append(out, g.name)
		}
	}
	return strings.Join(out, " ")
}

// group says a number from 1 to 999.
func group(n uint64, full bool) string {
	hundreds, tens, ones := n/100, n/10%10, n%10
	var out []string
	if hundreds > 0 || full {
		out = append(out, figures[hundreds], "trăm")
	}
	switch {
	case tens == 0 && ones > 0 && len(out) > 0:
		out = append(out, "linh", figures[ones])
	case tens == 0 && ones > 0:
		out = append(out, figures[ones])
	case tens == 1:
		out = append(out, "mười")
		if ones == 5 {
			out = append(out, "lăm")
		} else if ones > 0 {
			out = append(out, figures[ones])
		}
	case tens > 1:
		out = append(out, figures[tens], "mươi")
		switch ones {
		case 0:
		case 1:
			out = append(out, "mốt")
		case 4:
			out = append(out, "tư")
		case 5:
			out = append(out, "lăm")
		default:
			out = append(out, figures[ones])
		}
	}
	return strings.Join(out, " ")
}

// maxFigures is how many digits are still said as one number.
const maxFigures = 15

// whole says digits as a number; too many of them one by one.
func whole(digits string) string {
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || len(digits) > maxFigures {
		return oneByOne(digits)
	}
	return Number(n)
}

// oneByOne says the digits of a text, groups parted by a breath.
func oneByOne(text string) string {
	var b strings.Builder
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return !digit(r) }) {
		if b.Len() > 0 {
			b.WriteString(",")
		}
		for _, r := range part {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(figures[r-'0'])
		}
	}
	return b.String()
}

// decimal says digits behind a comma.
func decimal(digits string) string {
	if digits[0] == '0' || len(digits) > 2 {
		return oneByOne(digits)
	}
	return whole(digits)
}

// day says a day of the month, month a month of the year.
func day(n int) string {
	if n <= 10 {
		return "mùng " + Number(uint64(n))
	}
	return Number(uint64(n))
}

func month(n int) string {
	if n == 4 {
		return "tư"
	}
	return Number(uint64(n))
}
