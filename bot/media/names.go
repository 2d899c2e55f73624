package media

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"cchcbot/bot"
)

const maxName = 80 // letters of a name, without its ending

// endings are those that names get, by type.
var endings = map[string]string{
	typeJPEG: ".jpg", typePNG: ".png", typePDF: ".pdf", typeDocx: ".docx", typeXlsx: ".xlsx",
}

// CleanName makes a file's name safe to show and to save: no folder, no character
// that is invisible, turns the line around or means something to a shell or a file
// system, numbers of identity papers masked, and the ending of its type.
func CleanName(name string, kind bot.MediaKind, typ string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	var b strings.Builder
	n := 0
	for _, r := range name {
		switch {
		case n == maxName:
		case r == utf8.RuneError || !unicode.IsPrint(r) || unicode.Is(unicode.Bidi_Control, r):
		case strings.ContainsRune(`<>:"/|?*%;&$'`+"`", r):
			b.WriteByte('_')
			n++
		default:
			b.WriteRune(r)
			n++
		}
	}
	name = strings.Trim(b.String(), " .")
	if end := endings[typ]; end != "" {
		for _, known := range []string{end, ".jpeg", ".jpg", ".png", ".webp", ".pdf", ".docx", ".xlsx"} {
			if cut := len(name) - len(known); cut >= 0 && strings.EqualFold(name[cut:], known) {
				name = strings.TrimRight(name[:cut], " .")
				break
			}
		}
		name = strings.ReplaceAll(name, ".", "_") // "photo.exe.jpg" is no program any more
		if name == "" {
			name = string(kind)
		}
		name += end
	}
	if name == "" {
		name = string(kind)
	}
	return MaskNumbers(name)
}

// MaskNumbers replaces the digits of what looks like the number of an identity
// paper: 12 or 9 digits, in one run or in groups of three.
func MaskNumbers(text string) string {
	runes := []rune(text)
	for i := 0; i < len(runes); {
		if !unicode.IsDigit(runes[i]) {
			i++
			continue
		}
		end, digits := digitRun(runes, i)
		if digits == 12 || digits == 9 {
			mask(runes[i:end])
		}
		i = end
	}
	return string(runes)
}

// digitRun finds the end of a number that begins at i, and how many digits it has.
// Groups of three may be kept apart by one space, dot or hyphen each.
func digitRun(r []rune, i int) (end, digits int) {
	end = i
	for end < len(r) && unicode.IsDigit(r[end]) {
		end++
	}
	if digits = end - i; digits != 3 {
		return end, digits
	}
	for end+3 < len(r) && strings.ContainsRune(" .-", r[end]) && allDigits(r[end+1:end+4]) &&
		(end+4 == len(r) || !unicode.IsDigit(r[end+4])) {
		end, digits = end+4, digits+3
	}
	return end, digits
}

func allDigits(r []rune) bool {
	for _, x := range r {
		if !unicode.IsDigit(x) {
			return false
		}
	}
	return true
}

func mask(r []rune) {
	for i := range r {
		if unicode.IsDigit(r[i]) {
			r[i] = '•'
		}
	}
}
