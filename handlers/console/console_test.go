package console

import (
	"slices"
	"testing"

	"cchcbot/bot"
)

func TestBrowserNamesAreCoarse(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0": "Edge · Windows",
		"Mozilla/5.0 (Linux; Android 10; SM-A107F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36":        "Chrome · Android",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/604.1": "Safari · iPhone",
		"Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0":                                                    "Firefox · Linux",
		"<script>": "? · ?", "": "? · ?",
	} {
		if got := browserName(agent); got != want {
			t.Errorf("%s is %q, want %q", agent, got, want)
		}
	}
}

func TestWhatWasChosen(t *testing.T) {
	for text, want := range map[string]string{
		"Sở Nội vụ [hp-so-noi-vu]": "hp-so-noi-vu", "hp-so-noi-vu": "hp-so-noi-vu", "": "", "a [b] c": "a [b] c", "[": "[", "]": "]", "[x]": "x",
	} {
		if got := chosen(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestScopesOfTheStartPage(t *testing.T) {
	a, b := bot.Scope{Agency: "a"}, bot.Scope{Agency: "b"}
	for _, tt := range []struct {
		name   string
		grants []bot.Grant
		want   []bot.Scope
	}{
		{"nobody", nil, nil},
		{"one body, two roles", []bot.Grant{{Role: bot.RoleHead, Scope: a}, {Role: bot.RoleOfficer, Scope: a}}, []bot.Scope{a}},
		{"two bodies", []bot.Grant{{Role: bot.RoleHead, Scope: a}, {Role: bot.RoleOfficer, Scope: b}}, []bot.Scope{a, b}},
		{"everything", []bot.Grant{{Role: bot.RoleHead, Scope: a}, {Role: bot.RoleOwner}}, []bot.Scope{{}}},
		{"runs the system beside his work", []bot.Grant{{Role: bot.RoleOperator}, {Role: bot.RoleOfficer, Scope: a}}, []bot.Scope{a}},
		{"runs the system only", []bot.Grant{{Role: bot.RoleOperator}}, []bot.Scope{{}}},
	} {
		if got := scopesOf(bot.Officer{Active: true, Grants: tt.grants}); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
