package complaints

import (
	"strings"
	"testing"
	"time"

	"cchcbot/knowledge/vietnamese"
)

// monday is 23 November 2026 in Vietnam.
var monday = time.Date(2026, 11, 23, 0, 0, 0, 0, zone())

func TestParseDay(t *testing.T) {
	for text, want := range map[string]string{
		"hôm nay": "2026-11-23", "hom nay a": "2026-11-23", "today": "2026-11-23", "sáng nay": "2026-11-23",
		"hôm qua": "2026-11-22", "đêm qua": "2026-11-22", "từ hôm qua đến hôm nay": "2026-11-22", "hôm kia": "2026-11-21",
		"tuần trước": "2026-11-16", "3 ngày trước": "2026-11-20", "3 hôm rồi": "2026-11-20", "2 tuần nay": "2026-11-09",
		"1 tháng nay": "2026-10-24", "3 days ago": "2026-11-20",
		"20/11": "2026-11-20", "20-11-2026": "2026-11-20", "5.3.2025": "2025-03-05", "ngày 5 tháng 3": "2026-03-05",
		"năm ngoái": "2025-11-23", "tháng 10": "2026-10-01", "tháng 12": "2025-12-01", "tháng 10 năm 2025": "2025-10-01", "10/2025": "2025-10-01",
		"ngày 20": "2026-11-20", "ngày 25": "2026-10-25", "ngày 31": "2026-10-31", "ngày 20 tháng trước": "2026-10-20", "5 tháng 10": "2026-10-05",
		"thứ hai": "2026-11-16", "thứ bảy": "2026-11-21", "chủ nhật vừa rồi": "2026-11-22", "thứ 6": "2026-11-20", "thứ ba tuần trước": "2026-11-17",
		"sáng qua": "2026-11-22", "ba ngày trước": "2026-11-20", "hai tuần nay": "2026-11-09", "một tuần": "2026-11-16", "cả tháng nay": "2026-10-24",
		"mười lăm ngày nay": "2026-11-08", "hai mươi ngày": "2026-11-03", "năm hôm rồi": "2026-11-18", "nửa tháng nay": "2026-11-08",
		"mấy hôm nay": "2026-11-20", "hai năm nay": "2024-11-23", "từ đầu năm": "2026-01-01", "năm 2023": "2023-01-01", "tháng này": "2026-11-01",
		"ngày 5 tháng 3 năm 2024": "2024-03-05", "24/12": "2025-12-24", "29/2/2024": "2024-02-29", "từ 1/11/26": "2026-11-01",
		"20/11 năm ngoái": "2025-11-20", "ngày 5 tháng 3 năm ngoái": "2025-03-05", "tháng 10 năm ngoái": "2025-10-01", "20/11 năm trước": "2025-11-20", "24/12 năm kia": "2024-12-24",
		"tháng ba năm ngoái": "2025-03-01", "tháng hai năm nay": "2026-02-01", "tháng năm năm nay": "2026-05-01", "ngày 5 tháng ba năm ngoái": "2025-03-05",
		"hồi tháng mười": "2026-10-01", "tháng mười một năm ngoái": "2025-11-01", "tháng mười hai": "2025-12-01", "tháng tư năm 2024": "2024-04-01",
		"một tháng ba lần": "2026-10-24", "cả tháng hai lần": "2026-10-24", "ba tháng năm ngày": "2026-08-25", "năm năm nay": "2021-11-24",
		"khoảng 3-4 ngày nay": "2026-11-19", "2-3 tuần": "2026-11-02", "1 - 2 tháng nay": "2026-09-24", "10-15 hôm": "2026-11-08", "1-2 năm nay": "2024-11-23",
		"3-4": "2026-04-03", "ngày 3-4 tuần đầu": "2026-04-03", "20-11 hôm thứ sáu": "2026-11-20",
		"sau bữa cơm tối qua": "2026-11-22", "nhà bà hôm qua": "2026-11-22", "tổ 3 hôm qua": "2026-11-22", "mấy hôm qua": "2026-11-20", "hai ngày qua": "2026-11-21",
		"ba ngày trước, đến tối qua vẫn thế": "2026-11-20", "không nhớ rõ, khoảng 20/11": "2026-11-20", "từ lâu rồi, hồi tháng 10": "2026-10-01",
	} {
		if got, problem := parseDay(vietnamese.Fold(text), monday); problem != dayFine || got != want {
			t.Errorf("%q is %q %s, want %s", text, got, problem, want)
		}
	}
	for text, want := range map[string]dayProblem{
		"": dayUnread, "lâu rồi": dayUnread, "31/2": dayUnread, "31/02/2026": dayUnread, "45/11": dayUnread, "1/13": dayUnread,
		"29/2": dayUnread, "24/11/2026": dayFuture, "1/1/2030": dayFuture, "31/12/2020": dayOld, "900 tuần trước": dayOld, "từ năm 2019": dayOld,
		"lần thứ hai rồi": dayUnread, "ngày 32": dayUnread, "sau này": dayUnread,
	} {
		if got, problem := parseDay(vietnamese.Fold(text), monday); problem != want {
			t.Errorf("%q is %q %q, want the problem %q", text, got, problem, want)
		}
	}
}

func FuzzParseDay(f *testing.F) {
	for _, s := range []string{"hôm nay", "20/11", "3 ngày trước", "ngày 5 tháng 3 năm 2024", "99999999999999 ngày", "0/0/0", "\xff1/1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		day, problem := parseDay(vietnamese.Fold(text), monday)
		if (day == "") == (problem == dayFine) {
			t.Fatalf("%q: day %q, problem %q", text, day, problem)
		}
		if day == "" {
			return
		}
		at, err := time.ParseInLocation(time.DateOnly, day, zone())
		if err != nil || at.After(monday) || at.Year() < firstDay {
			t.Errorf("%q is %q", text, day)
		}
	})
}

func TestPhone(t *testing.T) {
	for text, want := range map[string]string{
		"0912345678": "0912345678", "0912 345 678": "0912345678", "0912.345.678": "0912345678", "+84 912 345 678": "0912345678",
		"84912345678": "0912345678", "0084912345678": "0912345678", "912345678": "0912345678", "(0220) 3851 234": "02203851234",
	} {
		if got, ok := phone(text); !ok || got != want {
			t.Errorf("%q is %q %v, want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "123", "113", "034085001234", "0012345678", "091234567a", "0912345678901", strings.Repeat("0", 60), "số tôi"} {
		if got, ok := phone(text); ok {
			t.Errorf("%q is taken as %q", text, got)
		}
	}
	if got, ok := phoneIn("gọi tôi số 0912 345 678 nhé"); !ok || got != "0912345678" {
		t.Errorf("among words: %q %v", got, ok)
	}
}

func FuzzPhone(f *testing.F) {
	for _, s := range []string{"0912345678", "+84 912", "084", "(", "0912 345 678 hoặc 0987654321", "٠٩١٢٣٤٥٦٧٨"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, ok := phoneIn(text)
		if !ok {
			return
		}
		if len(p) < 10 || len(p) > 11 || p[0] != '0' || onlyDigits(p) != p {
			t.Errorf("%q is read as %q", text, p)
		}
		if again, ok := phone(p); !ok || again != p {
			t.Errorf("%q is not itself read as one", p)
		}
	})
}
