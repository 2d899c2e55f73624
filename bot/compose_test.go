package bot

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// phrases is a catalog for tests: "{name}" is an argument.
type phrases map[string]string

func (p phrases) Render(lang, key string, args map[string]any) (string, error) {
	s, ok := p[key]
	if !ok {
		return key, errors.New("no key " + key)
	}
	for name, v := range args {
		s = strings.ReplaceAll(s, "{"+name+"}", fmt.Sprint(v))
	}
	return s, nil
}

var testPhrases = phrases{
	keyMenuHint: "Gõ số.", keyWordHint: "Gõ: {words}.", "a.question": "Chọn gì?", "a.first": "Một", "a.long": "Một cái tên dài hơn hai mươi chữ cái",
	"a.cancel": "Hủy", "a.outer": "Mã {code}. {inner}", "a.inner": "Ngày {day}.",
}

func composer(l Limits) *Composer {
	return &Composer{Texts: testPhrases, Channels: map[string]Limiter{"x": l}, Default: "vi"}
}

func TestComposeButtonsOrNumbers(t *testing.T) {
	buttons := []Button{
		{Key: "a.first", Payload: "f:one"}, {Title: "Hai", Payload: "f:two"},
		{Title: "Trang web", URL: "https://example.vn"}, {Title: "Gửi vị trí", Request: RequestLocation},
		{Key: "a.cancel", Payload: "f:cancel", Word: true},
	}
	tests := []struct {
		name   string
		limits Limits
		text   string
		rows   string
	}{
		{
			"buttons where the channel has them", Limits{Buttons: 6, RowButtons: 3, Location: true},
			"Chọn gì?", "Một Hai Trang web / Gửi vị trí / Hủy",
		},
		{"no button for what the channel cannot ask", Limits{Buttons: 6, RowButtons: 5}, "Chọn gì?", "Một Hai Trang web / Hủy"},
		{
			"numbers where it has none", Limits{},
			"Chọn gì?\n• Trang web: https://example.vn\n\n1. Một\n2. Hai\nGõ số.\nGõ: Hủy.", "",
		},
		{
			"numbers where it has too few", Limits{Buttons: 2},
			"Chọn gì?\n• Trang web: https://example.vn\n\n1. Một\n2. Hai\nGõ số.\nGõ: Hủy.", "",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q, err := composer(tt.limits).Compose(Outgoing{To: Address{Channel: "x", Chat: "1"}, Reply: Reply{Key: "a.question", Buttons: buttons}})
			if err != nil {
				t.Fatal(err)
			}
			if len(q) != 1 || q[0].Message.Text != tt.text {
				t.Errorf("text %q, want %q", q[0].Message.Text, tt.text)
			}
			var rows []string
			for _, row := range q[0].Message.Buttons {
				var titles []string
				for _, b := range row {
					titles = append(titles, b.Title)
				}
				rows = append(rows, strings.Join(titles, " "))
			}
			if got := strings.Join(rows, " / "); got != tt.rows {
				t.Errorf("rows %q, want %q", got, tt.rows)
			}
		})
	}
}

func TestComposeNestsPhrasesAndCutsTitles(t *testing.T) {
	q, err := composer(Limits{Buttons: 1, ButtonTitle: 10}).Compose(Outgoing{
		To: Address{Channel: "x", Chat: "1"},
		Reply: Reply{
			Key: "a.outer", Args: []any{"code", "7", "inner", Phrase{"a.inner", []any{"day", "23/11"}}},
			Buttons: []Button{{Key: "a.long", Payload: "f:x"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := q[0].Message.Text; got != "Mã 7. Ngày 23/11." {
		t.Errorf("text %q", got)
	}
	if got := q[0].Message.Buttons[0][0].Title; got != "Một cái t…" {
		t.Errorf("title %q", got)
	}
}

func TestComposeSplitsOnceAndKeepsButtonsLast(t *testing.T) {
	q, err := composer(Limits{Text: 10, Buttons: 1}).Compose(Outgoing{
		To: Address{Channel: "x", Chat: "1"}, Unique: "news:1:7", ReplyTo: "m1",
		Reply: Reply{Text: "một hai ba bốn năm sáu", Buttons: []Button{{Title: "Xem", Payload: "f:x"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(q) < 2 {
		t.Fatalf("%d messages", len(q))
	}
	for i, m := range q {
		last := i == len(q)-1
		if (len(m.Message.Buttons) > 0) != last {
			t.Errorf("message %d of %d: buttons %v", i, len(q), m.Message.Buttons)
		}
		if (m.Message.ReplyTo != "") != (i == 0) {
			t.Errorf("message %d answers %q", i, m.Message.ReplyTo)
		}
		if want := fmt.Sprintf("news:1:7#%d", i); m.Unique != want {
			t.Errorf("unique %q, want %q", m.Unique, want)
		}
	}
}

func TestComposeRefuses(t *testing.T) {
	to := Address{Channel: "x", Chat: "1"}
	for name, o := range map[string]Outgoing{
		"unknown channel":    {To: Address{Channel: "y"}, Reply: Reply{Text: "a"}},
		"unknown key":        {To: to, Reply: Reply{Key: "a.none"}},
		"nothing":            {To: to, Reply: Reply{}},
		"odd arguments":      {To: to, Reply: Reply{Key: "a.outer", Args: []any{"code"}}},
		"argument not named": {To: to, Reply: Reply{Key: "a.outer", Args: []any{1, 2}}},
		"long payload":       {To: to, Reply: Reply{Text: "a", Buttons: []Button{{Title: "a", Payload: strings.Repeat("x", 65)}}}},
	} {
		for _, l := range []Limits{{}, {Buttons: 3}} {
			if _, err := composer(l).Compose(o); err == nil {
				t.Errorf("%s with %d buttons: no error", name, l.Buttons)
			}
		}
	}
}

func TestOfficerMay(t *testing.T) {
	o := Officer{Active: true, Grants: []Grant{{RoleHead, Scope{Agency: "a", Place: "p"}}, {RoleEditor, Scope{}}, {RoleOfficer, Scope{Agency: "a"}}}}
	tests := []struct {
		role  Role
		scope Scope
		want  bool
	}{
		{RoleHead, Scope{"a", "p"}, true},
		{RoleHead, Scope{"a", "q"}, false},
		{RoleHead, Scope{"b", "p"}, false},
		{RoleEditor, Scope{"b", "q"}, true},
		{RoleOfficer, Scope{"a", "q"}, true},
		{RoleOwner, Scope{"a", "p"}, false},
	}
	for _, tt := range tests {
		if got := o.May(tt.role, tt.scope); got != tt.want {
			t.Errorf("May(%s, %v) = %v", tt.role, tt.scope, got)
		}
	}
	o.Active = false
	if o.May(RoleEditor, Scope{}) {
		t.Error("an officer who left still may")
	}
}
