package zalobot

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/bot/fetch"
)

func ours(t testing.TB) *Bot {
	b, err := New(Options{Token: "4410027:fakeFAKEfakeFAKEfakeFAKEfakeFAKE", Now: func() time.Time { return time.UnixMilli(1763892000000) }})
	if err != nil {
		t.Fatal(err)
	}
	b.me = &account{Display: "Trợ lý CCHC", Account: "bot.cchc"}
	return b
}

// Whatever arrives is understood, passed over or refused for good; what is
// understood fits the inbox but for limits that the inbox itself checks.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"event_name":"message.text.received","message":{"message_id":"m1","date":1763892000000,"chat":{"id":"9f","chat_type":"PRIVATE"},"from":{"id":"9f","display_name":"Lan","is_bot":false},"text":"a"}}`,
		`{"ok":true,"result":{"event_name":"message.image.received","message":{"message_id":2,"chat":{"id":"77","chat_type":"GROUP"},"from":{"id":"9f"},"photo_url":"https://p.zalo.example/1.jpg","caption":"@bot.cchc x"}}}`,
		`[{"event_name":"message.sticker.received","message":{"message_id":null,"date":"17638920000","chat":{"id":1},"from":{"id":2,"is_bot":"no"},"sticker":"https://x/"}}]`,
		`{"event_name":"message.unsupported.received"}`, `{"ok":true,"result":[{"message":{"from":{"id":"1"},"chat":{"id":"1"},"voice_url":"https://127.0.0.1/a.aac"}},null,7]}`,
		`{"result":{"result":{"message":{}}}}`, `{"message":{"chat":{"id":"1"},"from":{"id":"1"},"date":99999999999999999999,"text":"\ud800"}}`, `null`, `[[]]`,
	} {
		f.Add([]byte(seed))
	}
	b := ours(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		updates, err := unwrap(raw)
		if err != nil {
			return
		}
		if len(updates) > maxBatch {
			t.Errorf("%d updates of one body", len(updates))
		}
		for _, one := range updates {
			u, err := b.read(one)
			if err != nil || u == nil {
				continue
			}
			if u.ID == "" || len(u.ID) > bot.MaxID || u.Chat == "" || u.From.ID == "" || u.Channel != Name || u.At.IsZero() || u.Button != "" || u.Event != "" {
				t.Errorf("an update without what it needs: %+v", *u)
			}
			if !utf8.ValidString(u.From.Name) || u.At.After(b.opt.Now().Add(25*time.Hour)) {
				t.Errorf("sender %q at %s", u.From.Name, u.At)
			}
			for _, m := range u.Media {
				if strings.Contains(m.Ref, "://") || strings.HasPrefix(m.Ref, "/") {
					t.Errorf("the handle %q looks like an address of ours", m.Ref)
				}
				if a, ok := addressOf(m.Ref); ok && (!public(a) || m.Kind == bot.Sticker) {
					t.Errorf("%q would be fetched", a)
				}
			}
			again, err := b.read(one)
			if err != nil || again.ID != u.ID {
				t.Errorf("read again the update has the id %q, first it was %q", again.ID, u.ID)
			}
		}
	})
}

// A mention is the bot's whole name behind an "@", and nothing that only begins like it.
func TestDropMention(t *testing.T) {
	const name = "Trợ lý CCHC"
	for text, want := range map[string]string{
		"@Trợ lý CCHC giấy khai sinh":   "giấy khai sinh",
		"@TRỢ LÝ cchc: giấy":            "giấy",
		"chào @Trợ lý CCHC, giấy":       "chào giấy",
		"giấy @Trợ lý CCHC":             "giấy",
		"@Trợ lý CCHC":                  "",
		"@Trợ lý CCHC2":                 "@Trợ lý CCHC2",
		"x@Trợ lý CCHC":                 "x@Trợ lý CCHC",
		"Trợ lý CCHC ơi":                "Trợ lý CCHC ơi",
		"@Trợ lý CCHC @Trợ lý CCHC hai": "hai",
		"@Trợ lý":                       "@Trợ lý",
	} {
		if got := dropMention(text, name); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	if got := dropMention("@a b", "a"); got != "@a b" {
		t.Errorf("a name of one letter, which may be anybody, is taken out: %q", got)
	}
	if got := dropMention("@ b", ""); got != "@ b" {
		t.Errorf("no name takes %q out", got)
	}
}

// Dates in milliseconds, in seconds, and those that make no sense.
func TestDates(t *testing.T) {
	now := time.UnixMilli(1763892000000)
	for date, want := range map[loose]time.Time{
		"1763891000123": time.UnixMilli(1763891000123), "1763891000": time.Unix(1763891000, 0),
		"": now, "-1": now, "0": now, "x": now, "9763891000123": now, "1e30": now,
	} {
		if got := (&wireMessage{Date: date}).at(now); !got.Equal(want) {
			t.Errorf("%q is %s, want %s", date, got, want)
		}
	}
}

// What is fetched and linked is public: no address of this house or machine.
func TestPublic(t *testing.T) {
	for address, want := range map[string]bool{
		"https://photo.zalo.example/1.jpg": true, "https://203.162.0.1/a": true, "https://[2001:4860::1]/a": true,
		"http://photo.zalo.example/1.jpg": false, "https://localhost/a": false, "https://a.localhost/a": false, "https://box.local/a": false,
		"https://127.0.0.1/a": false, "https://10.1.2.3/a": false, "https://192.168.1.1/": false, "https://169.254.169.254/": false,
		"https://[::1]/a": false, "https://[::ffff:10.0.0.1]/a": false, "https://[fd00::1]/": false, "https://[64:ff9b::a00:1]/": false,
		"https://100.64.0.1/": false, "https://0.0.0.0/": false, "https://u:p@x.example.vn/": false, "https://host/": false, "ftp://x.vn/": false, "": false, "https://": false,
	} {
		if got := public(address); got != want {
			t.Errorf("public(%q) = %v", address, got)
		}
	}
}

// A name that leads into the house is not followed either.
func TestTheFileClientStaysOutside(t *testing.T) {
	resp, err := fileClient(nil).Get("http://127.0.0.1:9/")
	if err == nil {
		_ = resp.Body.Close() // nothing in it counts
		t.Fatal("it connects to this machine")
	}
	if !strings.Contains(err.Error(), fetch.ErrPrivate.Error()) {
		t.Errorf("it fails with %v, want the guard", err)
	}
}
