package zalo

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"cchcbot/bot"
	"cchcbot/bot/bottest/fakezalo"
)

// kept is an intake in memory.
type kept struct {
	updates []bot.Update
	err     error
}

func (k *kept) Accept(_ context.Context, u bot.Update) error {
	if k.err != nil {
		return k.err
	}
	k.updates = append(k.updates, u)
	return nil
}

const stampOf = "1795401000000"

// signedPost delivers a body with a signature made from what is given.
func signedPost(o *OA, in bot.Intake, body, signature string) int {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/zalo/webhook", strings.NewReader(body))
	if signature != "" {
		r.Header.Set(signatureHeader, signature)
	}
	rec := httptest.NewRecorder()
	o.Webhook(in).ServeHTTP(rec, r)
	return rec.Code
}

func mac(body string) string { return fakezalo.Sign(testApp, body, stampOf, testOASecret) }

func textBody(app, stamp string) string {
	return `{"app_id":"` + app + `","sender":{"id":"246845883529197922"},"user_id_by_app":"552177279717587730","recipient":{"id":"` + testOA +
		`"},"event_name":"user_send_text","message":{"text":"làm giấy khai sinh","msg_id":"96d3cdf3af150460909"},"timestamp":` + stamp + `}`
}

func TestOnlyWhatZaloSignedIsRead(t *testing.T) {
	good := textBody(testApp, `"`+stampOf+`"`)
	number := textBody(testApp, stampOf)
	hexOf := strings.TrimPrefix(mac(good), "mac=")
	other := textBody("1", `"`+stampOf+`"`)
	for name, c := range map[string]struct {
		body, signature string
		taken           bool
		counts          Counts
	}{
		"signed":                           {good, mac(good), true, Counts{Verified: 1}},
		"the timestamp is a number":        {number, mac(number), true, Counts{Verified: 1}},
		"bare":                             {good, hexOf, true, Counts{Verified: 1}},
		"with a space":                     {good, "mac = " + hexOf, true, Counts{Verified: 1}},
		"in capitals":                      {good, "MAC=" + strings.ToUpper(hexOf), true, Counts{Verified: 1}},
		"no signature: the console":        {good, "", false, Counts{Unsigned: 1}},
		"no JSON":                          {"{", mac("{"), false, Counts{Unsigned: 1}},
		"another secret":                   {good, fakezalo.Sign(testApp, good, stampOf, "khac"), false, Counts{Forged: 1}},
		"another app":                      {other, fakezalo.Sign("1", other, stampOf, testOASecret), false, Counts{Forged: 1}},
		"a space more":                     {good + " ", mac(good), false, Counts{Forged: 1}},
		"another timestamp":                {good, fakezalo.Sign(testApp, good, "1", testOASecret), false, Counts{Forged: 1}},
		"half a signature":                 {good, "mac=" + hexOf[:32], false, Counts{Forged: 1}},
		"no hexadecimal":                   {good, "mac=xyz", false, Counts{Forged: 1}},
		"signed for a body without a time": {`{"app_id":"` + testApp + `"}`, fakezalo.Sign(testApp, `{"app_id":"`+testApp+`"}`, "", testOASecret), false, Counts{Forged: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			k := &kept{}
			if code := signedPost(w.OA, k, c.body, c.signature); code != http.StatusOK {
				t.Errorf("answered %d", code)
			}
			if (len(k.updates) == 1) != c.taken || w.Counts() != c.counts {
				t.Errorf("%d updates, counts %+v", len(k.updates), w.Counts())
			}
		})
	}
}

func TestWithoutASecretNothingIsBelieved(t *testing.T) {
	w := newWorld(t, func(_ *fakezalo.Options, o *Options) { o.OASecret = "" })
	k := &kept{}
	body := textBody(testApp, `"`+stampOf+`"`)
	signedPost(w.OA, k, body, fakezalo.Sign(testApp, body, stampOf, ""))
	if len(k.updates) != 0 {
		t.Error("an update without a secret to check it by")
	}
}

func TestManyForgeriesAreTold(t *testing.T) {
	w := newWorld(t, nil)
	body := textBody(testApp, `"`+stampOf+`"`)
	for range 3 * manyForged {
		signedPost(w.OA, &kept{}, body, "mac="+strings.Repeat("0", 64))
	}
	if len(w.alerts) != 1 || !strings.Contains(w.told(), "ZALO_OA_SECRET") {
		t.Errorf("told %q", w.alerts)
	}
}

func TestWhatTheCallerIsTold(t *testing.T) {
	w := newWorld(t, nil)
	body := textBody(testApp, `"`+stampOf+`"`)
	for name, c := range map[string]struct {
		err  error
		code int
	}{"kept": {nil, 200}, "the disk is full": {errors.New("full"), 503}, "can never be taken": {&bot.Error{Code: bot.Invalid}, 200}} {
		if code := signedPost(w.OA, &kept{err: c.err}, body, mac(body)); code != c.code {
			t.Errorf("%s: answered %d, want %d", name, code, c.code)
		}
	}
	long := `{"app_id":"` + testApp + `","x":"` + strings.Repeat("x", MaxBody) + `"}`
	if code := signedPost(w.OA, &kept{}, long, mac(long)); code != 200 {
		t.Errorf("a body that is too long: answered %d; it would come again for ever", code)
	}
	for method, want := range map[string]int{http.MethodGet: 200, http.MethodHead: 200, http.MethodPut: 405} {
		rec := httptest.NewRecorder()
		w.Webhook(&kept{}).ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), method, "/zalo/webhook", http.NoBody))
		if rec.Code != want {
			t.Errorf("%s answers %d", method, rec.Code)
		}
	}
	if code, err := w.probe(t); err != nil || code != 200 {
		t.Errorf("the console's trial: %d, %v", code, err)
	}
}

func (w *world) probe(t *testing.T) (int, error) {
	t.Helper()
	rec := httptest.NewRecorder()
	w.Webhook(&kept{}).ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/zalo/webhook",
		strings.NewReader(`{"event_name":"user_send_text","message":{"text":"This is testing message"}}`)))
	return rec.Code, nil
}

// cases are payloads and their meanings, as the documentation shows them.
func event1(name, rest string) string {
	return `{"app_id":"` + testApp + `","event_name":"` + name + `","timestamp":"` + stampOf + `",` + rest + `}`
}

func from(rest string) string {
	return `"sender":{"id":"246845883529197922"},"recipient":{"id":"` + testOA + `"},"message":{` + rest + `}`
}

// Events that tell the bot nothing: acknowledged, and no update comes of them.
func TestEventsThatTellNothing(t *testing.T) {
	for _, name := range []string{
		"user_received_message", "user_seen_message", "user_reacted_message", "oa_reacted_message", "update_user_info", "add_user_to_tag",
		"remove_tag", "anonymous_send_text", "anonymous_send_image", "oa_send_anonymous_text", "widget_interaction_accepted", "user_join_group",
		"update_group_info", "user_out_group", "oa_send_group_text", "oa_send_consent", "user_call_oa", "shop_has_order", "user_feedback",
		"change_oa_daily_quota", "change_template_status", "event_journey_time_out", "extension_purchased", "oa_send_text", "oa_send_image",
	} {
		w := newWorld(t, nil)
		k := &kept{}
		body := event1(name, from(`"msg_id":"m","text":"x"`))
		if code := signedPost(w.OA, k, body, mac(body)); code != 200 || len(k.updates) != 0 || w.Counts().Unknown != 0 {
			t.Errorf("%s: answered %d, %d updates, %+v", name, code, len(k.updates), w.Counts())
		}
	}
	w := newWorld(t, nil)
	body := event1("user_thought_of_something", `"x":1`)
	if code := signedPost(w.OA, &kept{}, body, mac(body)); code != 200 || w.Counts().Unknown != 1 {
		t.Errorf("an unknown event: answered %d, %+v", code, w.Counts())
	}
}

// What Zalo signed is not lost for a detail, and not passed over in silence.
func TestASignedDeliveryOfAnotherForm(t *testing.T) {
	file := func(size string) string {
		return event1("user_send_file", from(`"msg_id":"m","attachments":[{"type":"file","payload":{"url":"https://file.zdn.vn/a","name":"don.pdf","size":`+size+`}}]`))
	}
	for size, want := range map[string]int64{`"123"`: 123, `123`: 123, `"1.2 MB"`: 0, `null`: 0, `{}`: 0, `[1]`: 0, `-5`: 0} {
		w, k := newWorld(t, nil), &kept{}
		if code := signedPost(w.OA, k, file(size), mac(file(size))); code != 200 || len(k.updates) != 1 || len(k.updates[0].Media) != 1 {
			t.Errorf("a size of %s: answered %d, %d updates", size, code, len(k.updates))
		} else if got := k.updates[0].Media[0].Size; got != want {
			t.Errorf("a size of %s is %d", size, got)
		}
	}
	w, k := newWorld(t, nil), &kept{}
	body := event1("user_send_text", from(`"msg_id":"m","text":{"secret":"words"}`))
	if code := signedPost(w.OA, k, body, mac(body)); code != 200 || len(k.updates) != 0 {
		t.Errorf("answered %d, %d updates", code, len(k.updates))
	}
	if c := w.Counts(); c.Verified != 1 || c.Unknown != 1 || c.Unsigned != 0 {
		t.Errorf("counted %+v", c)
	}
}

func TestARevokedConsentComesByEvent(t *testing.T) {
	w := newWorld(t, nil)
	if _, err := w.keeper.token(t.Context()); err != nil {
		t.Fatal(err)
	}
	body := event1("permission_revoked", `"oa_id":"`+testOA+`"`)
	if code := signedPost(w.OA, &kept{}, body, mac(body)); code != 200 || w.tokens(t).State != stateConsent {
		t.Errorf("answered %d, state %q", code, w.tokens(t).State)
	}
}

// The account's own message comes back: it is remembered, and by whom it was
// typed decides whether the bot keeps quiet.
func TestOwnMessages(t *testing.T) {
	w := newWorld(t, nil)
	own := func(admin, text string) string {
		return event1("oa_send_text", `"sender":{"id":"`+testOA+`"`+admin+`},"recipient":{"id":"246845883529197922"},"message":{"text":"`+text+`","msg_id":"m1"}`)
	}
	k := &kept{}
	deliver := func(body string) {
		if code := signedPost(w.OA, k, body, mac(body)); code != 200 {
			t.Errorf("answered %d", code)
		}
	}
	deliver(own("", "Miễn phí."))
	if got := w.echoes.of("246845883529197922", start); len(got) != 1 || got[0].text != digestText(sealer{}, "Miễn phí.") || got[0].kind != "text" || len(k.updates) != 0 {
		t.Errorf("the echo is not remembered, or %d updates came of it", len(k.updates))
	}
	deliver(own(`,"admin_id":"77"`, "Tôi là cán bộ trực"))
	deliver(own(`,"admin_id":77`, " #BOT "))
	if len(k.updates) != 2 || k.updates[0].Event != bot.EventTakenOver || k.updates[1].Event != bot.EventHandedBack || k.updates[0].Chat != "246845883529197922" {
		t.Errorf("updates %+v", k.updates)
	}
	for _, u := range k.updates {
		if u.Text != "" {
			t.Errorf("what the officer typed is kept: %q", u.Text)
		}
	}
}

func TestPhoneNumbers(t *testing.T) {
	for in, want := range map[string]string{"84912345678": "+84912345678", "+84 912-345-678": "+84912345678", "0912345678": "+84912345678", "912345678": "+912345678", "123": "", "": "", "mot hai ba": ""} {
		if got := phone(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func TestTimesOfEvents(t *testing.T) {
	w := newWorld(t, nil)
	for raw, want := range map[string]int64{`"1795401000000"`: 1795401000, `1795401000000`: 1795401000, `"1795401000"`: 1795401000, `"154390853474"`: start.Unix(), `"x"`: start.Unix(), `null`: start.Unix()} {
		if got := w.at(event{Timestamp: []byte(raw)}); got.Unix() != want {
			t.Errorf("%s is %s", raw, got)
		}
	}
}

func TestAttachmentsComeFromZaloOnly(t *testing.T) {
	for address, want := range map[string]bool{
		"https://photo-stal-16.zdn.vn/a.jpg": true, "https://f7-zpc.zadn.vn/x/y.pdf": true, "http://photo.zdn.vn/a.jpg": false,
		"https://zdn.vn.evil.example/a": false, "https://evilzdn.vn/a": false, "https://photo.zdn.vn:8443/a": false, "https://u:p@photo.zdn.vn/a": false,
		"https://127.0.0.1/a": false, "file:///etc/passwd": false, "": false,
	} {
		if got := fetchable(address); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
	w := newWorld(t, nil)
	if _, err := w.Fetch(t.Context(), bot.Media{Ref: "https://169.254.169.254/latest"}); !bot.IsCode(err, bot.Invalid) {
		t.Errorf("Fetch = %v", err)
	}
}

func TestFetchReadsWithinLimits(t *testing.T) {
	told := true // the length of the body
	served := func(status int, body string) *OA {
		w := newWorld(t, nil)
		w.opt.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			rec := httptest.NewRecorder()
			rec.WriteHeader(status)
			rec.WriteString(body)
			resp := rec.Result()
			resp.ContentLength = -1
			if told {
				resp.ContentLength = int64(len(body))
			}
			return resp, nil
		})}
		return w.process(t)
	}
	f, err := served(200, "ảnh").Fetch(t.Context(), bot.Media{Ref: "https://photo.zdn.vn/a"})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(f); err != nil || b.String() != "ảnh" || f.Close() != nil {
		t.Errorf("%q, %v", b.String(), err)
	}
	if _, err := served(404, "").Fetch(t.Context(), bot.Media{Ref: "https://photo.zdn.vn/a"}); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("gone: %v", err)
	}
	if _, err := served(200, strings.Repeat("x", MaxFetch+1)).Fetch(t.Context(), bot.Media{Ref: "https://photo.zdn.vn/a"}); !bot.IsCode(err, bot.Invalid) {
		t.Errorf("too large: %v", err)
	}
	told = false
	for length, fits := range map[int]bool{MaxFetch: true, MaxFetch + 1: false} {
		f, err := served(200, strings.Repeat("x", length)).Fetch(t.Context(), bot.Media{Ref: "https://photo.zdn.vn/a"})
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, f)
		if fits && (err != nil || n != int64(length)) || !fits && !bot.IsCode(err, bot.Invalid) || f.Close() != nil {
			t.Errorf("%d bytes of no told length: read %d, %v", length, n, err)
		}
	}
	if _, err := served(302, "").Fetch(t.Context(), bot.Media{Ref: "https://photo.zdn.vn/a"}); err == nil {
		t.Error("a redirect is followed")
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Whatever a signed delivery holds, what comes of it is fit for the inbox.
func FuzzDeliveries(f *testing.F) {
	f.Add(textBody(testApp, stampOf))
	f.Add(event1("user_send_image", from(`"msg_id":"m","attachments":[{"type":"image","payload":{"url":"https://photo.zdn.vn/u"}}]`)))
	f.Add(event1("user_send_group_text", `"oa_id":"1","sender":{"id":"2"},"recipient":{"id":"3"},"message":{"msg_id":"m","text":"[@1] x"}`))
	f.Add(event1("user_submit_info", `"sender":{"id":"2"},"info":{"name":"Lan","phone":84912345678}`))
	f.Add(`{"app_id":360846524940903967,"event_name":"user_send_text","timestamp":1,"sender":{"id":1e300},"message":{"text":"x"}}`)
	f.Add(`{"event_name":"user_send_location","message":{"attachments":[{"type":"location","payload":{"coordinates":{"latitude":"NaN","longitude":"1e999"}}}]}}`)
	w := newWorld(f, nil)
	f.Fuzz(func(t *testing.T, body string) {
		k := &kept{}
		if code := signedPost(w.OA, k, body, Signature([]byte(body))); code != 200 {
			t.Fatalf("answered %d", code)
		}
		for _, u := range k.updates {
			u.Normalize(strings.TrimSpace)
			if err := u.Check(); err != nil && len(u.ID) <= bot.MaxID && len(u.ReplyTo) <= bot.MaxID {
				t.Errorf("an unfit update: %v", err)
			}
		}
	})
}

func FuzzSignatures(f *testing.F) {
	f.Add("mac=00")
	f.Add("mac = " + strings.Repeat("aF", 32))
	w := newWorld(f, nil)
	body := textBody(testApp, strconv.Quote(stampOf))
	right := strings.TrimPrefix(mac(body), "mac=")
	f.Fuzz(func(t *testing.T, shown string) {
		if w.signed(shown, []byte(body), stampOf) && !strings.Contains(strings.ToLower(shown), right) {
			t.Errorf("%q is believed", shown)
		}
	})
}
