package calendar

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	days "cchcbot/knowledge/calendar"
)

func TestLinesAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]string{
		"16/02 Tết Nguyên đán":            "2026-02-16=Tết Nguyên đán",
		"16/2/2026: Tết Nguyên đán":       "2026-02-16=Tết Nguyên đán",
		"2026-02-16 Tết":                  "2026-02-16=Tết",
		"16.2.2026 Tết":                   "2026-02-16=Tết",
		"- 30/04 Ngày Chiến thắng 30/4":   "2026-04-30=Ngày Chiến thắng 30/4",
		"01/05 - Quốc tế Lao động 1/5":    "2026-05-01=Quốc tế Lao động 1/5",
		"Thứ Hai, 16/02 Tết":              "2026-02-16=Tết",
		"T2 16/02 Tết":                    "2026-02-16=Tết",
		"13/02 - 17/02 Tết":               "2026-02-13=Tết 2026-02-16=Tết 2026-02-17=Tết",
		"từ":                              "1 calendar.problem_no_date",
		"\n\n16/02 Tết\nmùng ba":          "2026-02-16=Tết 4 calendar.problem_no_date",
		"17/02 đến 16/02 Tết":             "1 calendar.problem_range",
		"01/01 - 31/12 cả năm":            "1 calendar.problem_range",
		"31/02 - 02/03 Tết":               "1 calendar.problem_range",
		"# ghi chú\n16/02 Tết":            "2026-02-16=Tết",
		"16/02":                           "2026-02-16=",
		"16/02 <script>alert(1)</script>": "2026-02-16=<script>alert(1)</script>",
		"":                                "",
	} {
		got, wrong := readDays(text, 2026, false)
		if s := written(got.days, wrong); s != want {
			t.Errorf("%q: %s, want %s", text, s, want)
		}
	}
	got, _ := readDays("13/02 - 17/02 Tết", 2026, true)
	if s := written(got.days, nil); s != "2026-02-14=Tết 2026-02-15=Tết" {
		t.Errorf("the weekend of a range: %s", s)
	}
	if _, wrong := readDays(strings.Repeat("16/02 Tết\n", maxLines+1), 2026, false); len(wrong) != 1 || wrong[0].Key != "calendar.problem_too_many" {
		t.Errorf("too many lines: %v", wrong)
	}
	if _, wrong := readDays(strings.Repeat("x", maxText+1), 2026, false); len(wrong) != 1 || wrong[0].Key != "calendar.problem_too_many" {
		t.Errorf("too long a text: %v", wrong)
	}
}

func written(list []days.Day, wrong []fault) string {
	var parts []string
	for _, d := range list {
		parts = append(parts, d.Date+"="+d.Name)
	}
	for _, f := range wrong {
		parts = append(parts, fmt.Sprintf("%d %s", f.Line, f.Key))
	}
	return strings.Join(parts, " ")
}

func TestMadeUpDaysAndSwaps(t *testing.T) {
	for _, text := range []string{
		"27/04 cho 26/04 Nghỉ bù Giỗ Tổ", "27/4 bù 26/4: Nghỉ bù Giỗ Tổ", "27/04/2026 for 26/04/2026 Nghỉ bù Giỗ Tổ",
		"27/04 (26/04) Nghỉ bù Giỗ Tổ", "27/04 <- 26/04 Nghỉ bù Giỗ Tổ", "Thứ Hai 27/04 làm bù 26/04 - Nghỉ bù Giỗ Tổ",
	} {
		got, wrong := readMadeUp(text, 2026)
		want := []days.Day{{Date: "2026-04-27", For: "2026-04-26", Name: "Nghỉ bù Giỗ Tổ"}}
		if len(wrong) > 0 || !reflect.DeepEqual(got.days, want) {
			t.Errorf("%q: %+v, %v", text, got.days, wrong)
		}
	}
	for _, text := range []string{"31/08 làm bù 22/08 Hoán đổi", "31/08 -> 22/08 Hoán đổi", "31/8/2026 ↔ 22/8/2026: Hoán đổi", "31/08 22/08 Hoán đổi"} {
		got, wrong := readSwaps(text, 2026)
		if want := []days.Swap{{Off: "2026-08-31", Worked: "2026-08-22", Name: "Hoán đổi"}}; len(wrong) > 0 || !reflect.DeepEqual(got.swaps, want) {
			t.Errorf("%q: %+v, %v", text, got.swaps, wrong)
		}
	}
	if _, wrong := readSwaps("31/08 Hoán đổi", 2026); len(wrong) != 1 || wrong[0].Key != "calendar.problem_swap" {
		t.Errorf("a swap of one day: %v", wrong)
	}
}

// Every year that ships is written down and read again without a change.
func TestYearsAreReadAsTheyAreWritten(t *testing.T) {
	c, err := days.Load(days.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range c.Years() {
		y, _ := c.Year(n)
		form := fill(y)
		form.number, form.dated = firstNumber(y), "01/11/2020"
		got, _, wrong := form.read(n, y, time.Date(2026, 11, 23, 0, 0, 0, 0, days.Zone))
		if len(wrong) > 0 {
			t.Errorf("%d: %v", n, wrong)
			continue
		}
		if len(y.Decisions) == 0 {
			got.Decisions = nil // the paper that every change names
		}
		if !reflect.DeepEqual(tidy(got), tidy(y)) {
			t.Errorf("%d is read as\n%+v\nand was\n%+v", n, got, y)
		}
	}
}

func firstNumber(y days.Year) string {
	if len(y.Decisions) > 0 {
		return y.Decisions[0].Number
	}
	return "1/TB"
}

func TestWhatIsWrongStandsBesideItsLine(t *testing.T) {
	good := typed{status: "decided", off: "26/01/2028 Tết\n27/01/2028 Tết", number: "1/TB-BNV", dated: "01/11/2027"}
	today := time.Date(2027, 11, 23, 0, 0, 0, 0, days.Zone)
	if _, _, wrong := good.read(2028, days.Year{}, today); len(wrong) > 0 {
		t.Fatal(wrong)
	}
	for name, c := range map[string]struct {
		change func(*typed)
		want   string
	}{
		"no status":                      {func(f *typed) { f.status = "" }, "status 0 calendar.problem_status"},
		"no number":                      {func(f *typed) { f.number = "" }, "number 0 calendar.problem_no_number"},
		"no date":                        {func(f *typed) { f.dated = "" }, "dated 0 calendar.problem_no_dated"},
		"no such date":                   {func(f *typed) { f.dated = "31/02/2027" }, "dated 0 calendar.problem_dated"},
		"a decision of tomorrow":         {func(f *typed) { f.dated = "24/11/2027" }, "dated 0 calendar.problem_dated_later"},
		"a holiday on a Saturday":        {func(f *typed) { f.off = "26/01 Tết\n29/01 Tết" }, "off 2 calendar.problem_date_weekday_weekend"},
		"a weekend holiday on a weekday": {func(f *typed) { f.weekend = "28/01 Tết" }, "weekend 1 calendar.problem_date_weekday_worked"},
		"the same day twice":             {func(f *typed) { f.off += "\n\n26/01 Tết" }, "off 4 calendar.problem_date_twice"},
		"in two lists":                   {func(f *typed) { f.madeUp = "27/01 nghỉ bù" }, "made_up 1 calendar.problem_date_twice"},
		"swapped and off":                {func(f *typed) { f.swapped = "27/01 làm bù 05/02 Hoán đổi" }, "swapped 1 calendar.problem_date_twice"},
		"a weekday worked for it":        {func(f *typed) { f.swapped = "02/05 làm bù 03/05 Hoán đổi" }, "swapped 1 calendar.problem_date_weekday_worked"},
		"another year":                   {func(f *typed) { f.off = "26/01/2027 Tết" }, "off 1 calendar.problem_date_year"},
		"no such day":                    {func(f *typed) { f.off = "30/02 Tết" }, "off 1 calendar.problem_date_form"},
		"no name":                        {func(f *typed) { f.off = "26/01" }, "off 1 calendar.problem_name"},
		"made up for nothing":            {func(f *typed) { f.madeUp = "31/01 cho 29/01 nghỉ bù" }, "made_up 1 calendar.problem_made_up_for"},
		"a decision without a number":    {func(f *typed) { f.decisions = " | 01/11/2027" }, "decisions 1 calendar.problem_number"},
		"a decision without a date":      {func(f *typed) { f.decisions = "1/TB | hôm qua" }, "decisions 1 calendar.problem_decision_line"},
		"too long a reason":              {func(f *typed) { f.reason = strings.Repeat("ư", maxShort+1) }, "reason 0 calendar.problem_long"},
	} {
		f := good
		c.change(&f)
		_, _, wrong := f.read(2028, days.Year{}, today)
		if len(wrong) != 1 || fmt.Sprintf("%s %d %s", wrong[0].field, wrong[0].Line, wrong[0].Key) != c.want {
			t.Errorf("%s: %v, want %s", name, wrong, c.want)
		}
	}
}

func FuzzLines(f *testing.F) {
	f.Add("16/02 - 20/02 Tết\n27/04 cho 26/04 Nghỉ bù", "31/08 làm bù 22/08 Hoán đổi", "1/TB | 01/11/2027 | Thông báo")
	f.Add("2028-01-26\n\n–", "↔", "|||")
	f.Fuzz(func(t *testing.T, off, swaps, decisions string) {
		form := typed{status: "decided", off: off, swapped: swaps, decisions: decisions, number: "1", dated: "01/11/2027"}
		y, _, wrong := form.read(2028, days.Year{}, time.Date(2027, 11, 23, 0, 0, 0, 0, days.Zone))
		if len(wrong) > 0 {
			return
		}
		again := fill(y)
		again.number, again.dated = form.number, form.dated
		z, _, wrong := again.read(2028, days.Year{}, time.Date(2027, 11, 23, 0, 0, 0, 0, days.Zone))
		if len(wrong) > 0 || len(z.Off) != len(y.Off) || len(z.Swapped) != len(y.Swapped) {
			t.Errorf("%q, %q, %q are taken, and written down they are not: %v", off, swaps, decisions, wrong)
		}
	})
}
