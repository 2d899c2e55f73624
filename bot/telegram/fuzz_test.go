package telegram

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"cchcbot/bot"
	"cchcbot/bot/bottest/faketelegram"
)

// Whatever arrives is understood, passed over or refused for good; what is
// understood fits the inbox but for limits that the inbox itself checks.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"update_id":1,"message":{"message_id":5,"date":1700000000,"chat":{"id":41,"type":"private"},"from":{"id":41,"first_name":"Lan"},"text":"/start a"}}`,
		`{"update_id":2,"message":{"message_id":5,"chat":{"id":-1,"type":"group"},"from":{"id":41},"text":"@cchc_bot x","photo":[{"file_id":"a"}],"media_group_id":"7","message_thread_id":3,"is_topic_message":true,"reply_to_message":{"message_id":4,"from":{"id":770001}}}}`,
		`{"update_id":3,"callback_query":{"id":"9","from":{"id":41},"data":"a:b","message":{"message_id":1,"date":0,"chat":{"id":41,"type":"private"}}}}`,
		`{"update_id":4,"my_chat_member":{"chat":{"id":41,"type":"private"},"from":{"id":41},"date":1,"old_chat_member":{"status":"member"},"new_chat_member":{"status":"kicked"}}}`,
		`{"update_id":5,"edited_message":{"message_id":1,"chat":{"id":1,"type":"private"},"from":{"id":1},"contact":{"phone_number":"+84912345678","user_id":1},"location":{"latitude":91,"longitude":1e300}}}`,
		`{"update_id":9223372036854775808}`, `{"update_id":6,"message":null}`, `[]`, `{"update_id":7,"message":{"migrate_to_chat_id":-100,"chat":{"id":-1,"type":"group"}}}`,
	} {
		f.Add([]byte(seed))
	}
	const token = "770001:AAfakeFAKEfakeFAKEfakeFAKEfakeFAKE_12"
	fake := faketelegram.New(faketelegram.Options{Token: token})
	b, err := New(Options{Token: token, APIURL: "http://telegram.test", HTTP: &http.Client{Transport: faketelegram.Transport(fake)}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		ev, err := b.read(t.Context(), raw)
		if err != nil {
			return
		}
		if u := ev.update; u != nil {
			if u.ID == "" || u.Chat == "" || u.From.ID == "" || u.Channel != Name || u.At.IsZero() || len(u.Param) > 64 || len(u.Thread) > 20 {
				t.Errorf("an update without what it needs: %+v", *u)
			}
			for _, m := range u.Media {
				if strings.Contains(m.Ref, "://") || strings.HasPrefix(m.Ref, "/") {
					t.Errorf("a file's id %q looks like an address of ours", m.Ref)
				}
			}
			if !utf8.ValidString(u.From.Name) || u.From.Language != "" {
				t.Errorf("the sender is %+v", u.From)
			}
			u.Normalize(strings.TrimSpace)
			parts := merge([]bot.Update{*u, *u})
			if len(parts.Media) > bot.MaxMedia {
				t.Errorf("an album of %d attachments", len(parts.Media))
			}
		}
	})
}
