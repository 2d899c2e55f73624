package content

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"cchcbot/knowledge"
)

// Write writes the entries to w in a format: "jsonl", "yaml" or "xlsx". What is
// written reads back equal with Read. An entry that could not be read back
// (Validate refuses it, or a text holds control characters) ends the writing
// with an error that names it; w then holds a torn file.
func Write(w io.Writer, format string, entries iter.Seq[*knowledge.Entry]) error {
	buffered := bufio.NewWriterSize(w, 64<<10)
	var err error
	switch format {
	case formatJSONL:
		err = writeJSONL(buffered, entries)
	case formatYAML:
		err = writeYAML(buffered, entries)
	case formatExcel:
		err = writeExcel(buffered, entries)
	default:
		return fmt.Errorf("%w: %q; written are jsonl, yaml and xlsx", ErrFormat, clip(format))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", format, err)
	}
	return buffered.Flush()
}

// writable refuses an entry that Read would refuse.
func writable(e *knowledge.Entry) error {
	b := &builder{entry: e}
	b.problems = e.Validate()
	e.EachText(func(s *string) {
		if r, found := unprintable(*s); found {
			b.bad("text", "holds the control character %U", r)
		}
	})
	if len(b.problems) > 0 {
		return fmt.Errorf("entry %s: %s", clip(e.Code), b.problems[0])
	}
	return nil
}

func writeJSONL(w io.Writer, entries iter.Seq[*knowledge.Entry]) error {
	enc := json.NewEncoder(w) // ends each value with a newline
	enc.SetEscapeHTML(false)
	for e := range entries {
		if err := writable(e); err != nil {
			return err
		}
		if err := enc.Encode(e); err != nil {
			return err
		}
	}
	return nil
}

func writeYAML(w io.Writer, entries iter.Seq[*knowledge.Entry]) error {
	var b strings.Builder
	for e := range entries {
		if err := writable(e); err != nil {
			return err
		}
		b.Reset()
		yamlEntry(&b, e)
		if _, err := io.WriteString(w, b.String()); err != nil {
			return err
		}
	}
	return nil
}

// yamlEntry writes one entry as an item of a block sequence. The form is fixed
// and small, so it is written here: which texts need quotes decides whether an
// export reads back equal.
func yamlEntry(b *strings.Builder, e *knowledge.Entry) {
	lead := "- "
	line := func(key string) {
		b.WriteString(lead + key + ":")
		lead = "  "
	}
	for _, f := range fields {
		switch {
		case f.text != nil:
			if s := *f.text(e); s != "" {
				line(f.key)
				yamlText(b, s, "    ")
			}
		case f.flag != nil:
			if *f.flag(e) {
				line(f.key)
				b.WriteString(" true\n")
			}
		case f.list != nil:
			if items := *f.list(e); len(items) > 0 {
				line(f.key)
				b.WriteByte('\n')
				for _, s := range items {
					b.WriteString("    -")
					yamlText(b, s, "      ")
				}
			}
		case f.group != nil:
			if f.group.count(e) > 0 {
				line(f.key)
				b.WriteByte('\n')
				yamlGroup(b, e, f.group)
			}
		}
	}
	b.WriteByte('\n')
}

func yamlGroup(b *strings.Builder, e *knowledge.Entry, g *group) {
	for i := range g.count(e) {
		lead := "    - "
		for j, s := range g.cells(e, i) {
			if *s != "" {
				b.WriteString(lead + g.keys[j] + ":")
				yamlText(b, *s, "        ")
				lead = "      "
			}
		}
	}
}

// yamlText writes a text after "key:" or "-": bare when nothing in it can be
// misread, as a literal block when it has several plain lines, else in double
// quotes.
func yamlText(b *strings.Builder, s, indent string) {
	switch {
	case bare(s):
		b.WriteString(" " + s + "\n")
	case literal(s):
		b.WriteString(" |-\n")
		for line := range strings.SplitSeq(s, "\n") {
			if line != "" {
				b.WriteString(indent + line)
			}
			b.WriteByte('\n')
		}
	default:
		b.WriteByte(' ')
		yamlQuoted(b, s)
		b.WriteByte('\n')
	}
}

// bare reports whether s may stand without quotes: it begins with a letter, is
// none of YAML's words, and holds nothing that ends a plain text.
func bare(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	if !isLetter(first) || strings.HasSuffix(s, ":") || strings.HasSuffix(s, " ") {
		return false
	}
	switch strings.ToLower(s) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		return false
	}
	for _, part := range []string{": ", " #"} {
		if strings.Contains(s, part) {
			return false
		}
	}
	for _, r := range s {
		if !plain(r) || strings.ContainsRune("\n[]{}&*!|>'\"%@`\\", r) {
			return false
		}
	}
	return true
}

// literal reports whether s may stand as a literal block: no line begins or
// ends with space, and there is nothing to escape.
func literal(s string) bool {
	if !strings.Contains(s, "\n") {
		return false
	}
	for line := range strings.SplitSeq(s, "\n") {
		if strings.TrimSpace(line) != line {
			return false
		}
		for _, r := range line {
			if !plain(r) {
				return false
			}
		}
	}
	// A first line that looks like a marker or a comment is legal but not
	// worth the risk in other programs.
	return isLetter([]rune(s)[0]) || s[0] >= '0' && s[0] <= '9'
}

func isLetter(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0xc0 && r <= 0x1ef9 && plain(r)
}

// plain reports whether a character can stand unescaped in YAML and be seen.
func plain(r rune) bool {
	switch {
	case r == '\n':
		return true
	case r < 0x20, r >= 0x7f && r <= 0xa0, r == utf8.RuneError, r > 0xffff:
		return false
	case r >= 0x2000 && r <= 0x200f, r >= 0x2028 && r <= 0x202f, r >= 0x2060 && r <= 0x206f, r == 0xfeff, r >= 0xd800 && r <= 0xf8ff:
		return false
	}
	return true
}

// yamlQuoted writes s in double quotes, whatever it holds.
func yamlQuoted(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r > 0xffff:
			fmt.Fprintf(b, `\U%08X`, r)
		case !plain(r):
			fmt.Fprintf(b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}
