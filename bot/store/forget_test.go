package store_test

import (
	"testing"

	"cchcbot/bot"
)

// What is kept about a thing goes with it: what was sent and what waits; others keep theirs.
func TestAThingIsForgotten(t *testing.T) {
	w := open(t)
	about := func(chat, text, thing string) bot.Queued {
		q := reply(chat, text)
		q.Thing = thing
		return q
	}
	w.enqueue(about("c1", "đã gửi", "complaint:A"))
	w.must(w.Sent(t.Context(), w.claim(bot.LaneReply, 1)[0].Row, bot.Receipt{ID: "m"}))
	w.enqueue(about("c1", "còn chờ", "complaint:A"), about("c2", "việc khác", "complaint:B"), about("c3", "không của ai", ""))
	tx, err := w.db.BeginWrite(t.Context())
	w.must(err)
	if err := w.ForgetThing(t.Context(), tx, "", 0); !bot.IsCode(err, bot.Invalid) {
		t.Errorf("a thing without a name: %v", err)
	}
	w.must(w.ForgetThing(t.Context(), tx, "complaint:A", 0))
	w.must(tx.Commit())
	if n := w.one(`select count(*) from outbox where thing = 'complaint:A' and payload is not null`); n != 0 {
		t.Errorf("%d texts are kept", n)
	}
	if n := w.one(`select count(*) from outbox where payload is not null`); n != 2 {
		t.Errorf("%d texts of others are kept", n)
	}
	if got := texts(w.claim(bot.LaneReply, 10)); got != "việc khác không của ai" {
		t.Errorf("%q is still sent", got)
	}
	if !w.Scrub(t.Context()) {
		t.Error("the log is not cleaned")
	}
}

// TestWhatADialogueRepeatedIsForgotten: the bot's own answers repeat what a citizen wrote
// ("please look over it"); they go with the words, and nobody else's do.
func TestWhatADialogueRepeatedIsForgotten(t *testing.T) {
	w := open(t)
	talk := func(id, chat, answer string) bot.ContactID {
		t.Helper()
		u := update(id, chat, "ông ấy nhận tiền")
		u.From.ID = chat // a private chat is called as its citizen is
		w.accept(u)
		contact, err := w.finish(finished(w.load(), "phiên"), reply(chat, answer))
		w.must(err)
		w.must(w.Sent(t.Context(), w.claim(bot.LaneReply, 1)[0].Row, bot.Receipt{ID: "m" + id}))
		return contact
	}
	contact := talk("1", "c1", "Xem lại: ông ấy nhận tiền")
	talk("2", "c2", "Xem lại: đèn hỏng")
	w.enqueue(reply("c1", "Vẫn chờ: ông ấy nhận tiền"))
	tx, err := w.db.BeginWrite(t.Context())
	w.must(err)
	w.must(w.ForgetThing(t.Context(), tx, "complaint:A", contact))
	w.must(tx.Commit())
	if n := w.one(`select count(*) from outbox where payload is not null`); n != 1 {
		t.Errorf("%d texts are kept, want the one of somebody else", n)
	}
	if got := texts(w.claim(bot.LaneReply, 10)); got != "" {
		t.Errorf("%q is still sent", got)
	}
}
