package content

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"cchcbot/knowledge"
)

// The national list: code, name, level and fee of every procedure of the
// national database at one day, and nothing else of its texts. `knowledge
// check` holds curated entries against it. Made anew from an export of the
// national database with
//
//	go run national_gen.go FILE.jsonl.gz
//
//go:generate go run national_gen.go $NATIONAL_FILE
//go:embed national.tsv.gz
var nationalFile []byte

// NationalSource is where the national list comes from.
const NationalSource = "https://dichvucong.gov.vn"

// maxNational bounds the list when it is read: the real one has 5,000 rows.
const maxNational = 100_000

// NationalRecord is what the national list says of one procedure.
type NationalRecord struct {
	Code, Name, Level string
	Fee               Fee
}

// A NationalList is the national database's list of procedures at one day.
type NationalList struct {
	Day     string // the latest day of any record's data, like 2026-07-16
	records map[string]NationalRecord
}

// National reads the embedded list anew; it takes some 20 ms and 2 MB, so only
// checks and imports call it.
func National() (*NationalList, error) {
	zr, err := gzip.NewReader(bytes.NewReader(nationalFile))
	if err != nil {
		return nil, fmt.Errorf("national list: %w", err)
	}
	l, err := readNational(zr)
	if err != nil {
		return nil, fmt.Errorf("national list: %w", err)
	}
	return l, nil
}

// Record returns what the list says of a code.
func (l *NationalList) Record(code string) (NationalRecord, bool) {
	r, ok := l.records[code]
	return r, ok
}

// Len is how many procedures the list has.
func (l *NationalList) Len() int { return len(l.records) }

const nationalHeader = "code\tname\tlevel\tfee"

func readNational(r io.Reader) (*NationalList, error) {
	l := &NationalList{records: make(map[string]NationalRecord)}
	sc := bufio.NewScanner(r)
	header := false
	for n := 1; sc.Scan(); n++ {
		line := sc.Text()
		if day, ok := strings.CutPrefix(line, "# day: "); ok {
			l.Day = day
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		if !header {
			if line != nationalHeader {
				return nil, fmt.Errorf("line %d: the columns are %q, not %q", n, clip(line), nationalHeader)
			}
			header = true
			continue
		}
		cols := strings.Split(line, "\t")
		if len(cols) != 4 || cols[0] == "" || cols[1] == "" {
			return nil, fmt.Errorf("line %d has no code or name, or not four columns", n)
		}
		fee, err := readFee(cols[3])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if len(l.records) == maxNational {
			return nil, fmt.Errorf("more than %d rows", maxNational)
		}
		if _, twice := l.records[cols[0]]; twice {
			return nil, fmt.Errorf("line %d: %s stands twice", n, clip(cols[0]))
		}
		l.records[cols[0]] = NationalRecord{Code: cols[0], Name: cols[1], Level: cols[2], Fee: fee}
	}
	if err := sc.Err(); err != nil {
		return nil, err
	}
	if !header {
		return nil, errors.New("has no columns")
	}
	return l, nil
}

// WriteNational writes the list of entries of the national database, packed,
// in the order of their codes. The same entries give the same bytes.
func WriteNational(w io.Writer, entries iter.Seq[*knowledge.Entry]) error {
	var rows []NationalRecord
	day := ""
	for e := range entries {
		rows = append(rows, NationalRecord{e.Code, oneLine(e.Name), oneLine(e.Level), ParseFee(feeTexts(e)...)})
		day = max(day, e.Updated)
	}
	slices.SortFunc(rows, func(a, b NationalRecord) int { return cmp.Compare(a.Code, b.Code) })
	zw, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	fmt.Fprintf(zw, "# source: %s\n# day: %s\n# What a fee is made of: docs/knowledge.md\n%s\n", NationalSource, day, nationalHeader)
	for _, r := range rows {
		fmt.Fprintf(zw, "%s\t%s\t%s\t%s\n", r.Code, r.Name, r.Level, r.Fee)
	}
	return zw.Close() // reports what the writes above could not write
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func feeTexts(e *knowledge.Entry) []string {
	texts := []string{e.Fee}
	for _, m := range e.Methods {
		texts = append(texts, m.Fee)
	}
	return texts
}

// A Fee is what a text says of money, as far as a program can tell.
type Fee struct {
	Amounts []int64 // VND, ascending, each once
	Free    bool    // it says 0 or that nothing is paid
	// Elsewhere: a province's council, a circular or a percentage sets it, so
	// that an amount the text does not name may be right.
	Elsewhere bool
}

// Silent reports whether the text says nothing that could be contradicted.
func (f Fee) Silent() bool { return len(f.Amounts) == 0 && !f.Free }

// String is the fee as the national list holds it: amounts, 0 for free, "…"
// when something else sets it.
func (f Fee) String() string {
	var parts []string
	if f.Free {
		parts = append(parts, "0")
	}
	for _, a := range f.Amounts {
		parts = append(parts, strconv.FormatInt(a, 10))
	}
	if f.Elsewhere {
		parts = append(parts, "…")
	}
	return strings.Join(parts, " ")
}

func readFee(s string) (Fee, error) {
	var f Fee
	for word := range strings.FieldsSeq(s) {
		if word == "…" {
			f.Elsewhere = true
			continue
		}
		n, err := strconv.ParseInt(word, 10, 64)
		switch {
		case err != nil || n < 0:
			return Fee{}, fmt.Errorf("%q is no sum", clip(word))
		case n == 0:
			f.Free = true
		default:
			f.Amounts = append(f.Amounts, n)
		}
	}
	return f, nil
}

// feeFile has the words by which fees are read.
//
//go:embed fees.tsv
var feeFile string

// feeWords are the patterns made of fees.tsv.
type feeWords struct {
	// amount has a unit, or groups of thousands that nothing else in these texts
	// has: numbers of laws and dates do not match.
	amount                    *regexp.Regexp
	free, elsewhere, circular *regexp.Regexp
	exact                     []string // texts that say as a whole that nothing is paid
	scale                     map[string]int64
	// small is a number below leastAmount with a unit, and unclear what stands for it when it is shown.
	small   *regexp.Regexp
	unclear []string
}

var readFeeWords = sync.OnceValue(func() *feeWords {
	of := make(map[string][]string)
	for line := range strings.Lines(feeFile) {
		if kind, word, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); ok && !strings.HasPrefix(line, "#") {
			of[kind] = append(of[kind], word)
		}
	}
	anyOf := func(kinds ...string) string {
		var quoted []string
		for _, kind := range kinds {
			for _, word := range of[kind] {
				quoted = append(quoted, regexp.QuoteMeta(word))
			}
		}
		// The longest first: Go takes the first alternative that fits.
		slices.SortFunc(quoted, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
		return strings.Join(quoted, "|")
	}
	w := &feeWords{
		amount: regexp.MustCompile(`(?:^|[^\d.,/-])(\d{1,3}(?:[.,]\d{3})+|\d+)(?:[.,]0+)?\s*(` +
			anyOf("thousand", "million", "billion") + `)?\s*((?:` + anyOf("unit") + `)(?:[^\pL]|$))?`),
		free: regexp.MustCompile(anyOf("free")), elsewhere: regexp.MustCompile(anyOf("elsewhere")), circular: regexp.MustCompile(anyOf("circular")),
		exact: of["exact"], scale: make(map[string]int64), unclear: of["unclear"],
		small: regexp.MustCompile(`(?i)(^|[^\d.,/-])(\d{1,3})(?:[.,]0{1,2})?\s*(?:` + anyOf("unit") + `)([^\pL]|$)`),
	}
	for kind, by := range map[string]int64{"thousand": 1e3, "million": 1e6, "billion": 1e9} {
		for _, word := range of[kind] {
			w.scale[word] = by
		}
	}
	return w
})

// leastAmount is the smallest sum, in VND, that is believed: the portal writes
// 135 for 135,000 VND and for 135 US dollars.
const leastAmount = 1000

// FeeMoved reports whether a record of the national file names a sum that an entry of its code does not, or says
// that nothing is paid where the entry names sums only: then the entry's fee is an old one, whatever its words.
func FeeMoved(e, record *knowledge.Entry) bool {
	said, now := ParseFee(feeTexts(e)...), ParseFee(feeTexts(record)...)
	if len(now.Amounts) == 0 {
		return now.Free && !now.Elsewhere && len(said.Amounts) > 0 && !said.Free
	}
	return slices.ContainsFunc(now.Amounts, func(a int64) bool { return !slices.Contains(said.Amounts, a) })
}

// ShownFee is the fee of an entry as citizens read it. Nobody reviewed the text of an entry without a summary, and
// a sum below leastAmount in it is no price: it is said that the source is not clear.
func ShownFee(e *knowledge.Entry) string {
	w := readFeeWords()
	if e.Summary != "" || len(w.unclear) != 2 {
		return e.Fee
	}
	words := w.unclear[0]
	return w.small.ReplaceAllStringFunc(e.Fee, func(found string) string {
		m := w.small.FindStringSubmatch(found)
		if strings.Trim(m[2], "0") == "" {
			return found // nothing is paid
		}
		out := m[1] + words + m[3]
		words = w.unclear[1]
		return out
	})
}

// mostAmount keeps sums within int64; no fee comes near it.
const mostAmount = 1e15

// ParseFee reads what texts say of money: sums in VND, that it is free, that
// something else sets it. Texts it does not understand give a silent Fee.
func ParseFee(texts ...string) Fee {
	w := readFeeWords()
	var f Fee
	told := false
	for _, text := range texts {
		text = strings.TrimSpace(strings.ToLower(text))
		f.Free = f.Free || w.free.MatchString(text) || slices.Contains(w.exact, text)
		f.Elsewhere = f.Elsewhere || w.elsewhere.MatchString(text)
		told = told || w.circular.MatchString(text)
		for _, m := range w.amount.FindAllStringSubmatch(text, -1) {
			f.add(m[1], w.scale[m[2]], m[3] != "")
		}
	}
	if told && len(f.Amounts) == 0 {
		f.Free, f.Elsewhere = false, true
	}
	slices.Sort(f.Amounts)
	f.Amounts = slices.Compact(f.Amounts)
	return f
}

// add takes in a number; scale is 0 where none stands behind it.
func (f *Fee) add(digits string, scale int64, unit bool) {
	if scale == 0 && !unit && !strings.ContainsAny(digits, ".,") {
		return // a number of anything
	}
	n, err := strconv.ParseInt(strings.NewReplacer(".", "", ",", "").Replace(digits), 10, 64)
	scale = max(scale, 1)
	if err != nil || n > mostAmount/scale {
		return
	}
	switch n *= scale; {
	case n == 0:
		f.Free = true
	case n < leastAmount:
		f.Elsewhere = true
	default:
		f.Amounts = append(f.Amounts, n)
	}
}

// money writes sums as people do.
func money(amounts []int64) string {
	parts := make([]string, 0, min(len(amounts), 6))
	for i, a := range amounts {
		if i == 6 {
			parts = append(parts, "…")
			break
		}
		s := strconv.FormatInt(a, 10)
		for j := len(s) - 3; j > 0; j -= 3 {
			s = s[:j] + "." + s[j:]
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ", ") + " VND"
}
