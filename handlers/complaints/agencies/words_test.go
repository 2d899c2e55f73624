package agencies

import (
	"context"
	"net/http"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/handlers/complaints/cases"
)

// Whoever writes while the case is given to another body gets the words back, with who
// has it now; other readers of a link that opens nothing see no form of theirs.
func TestTheCaseLeftWhileSomebodyWrote(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an := w.contact(commune, Officer, "An")
	c := w.file()
	link := linkIn(t, w.mailTo(an))
	form := w.get(link + "/answer").wants(http.StatusOK)
	fields := with(form.hidden(), "text", answerText+" <b>x</b>", "basis", "Điều 118", "every_point", "1", "next_step", "1")
	desk := cases.Actor{Kind: cases.Officer, Via: "console", Officer: bot.Officer{ID: 900, Active: true, Grants: []bot.Grant{grant(bot.RoleController, front)}}}
	w.must(w.do(func(ctx context.Context, work *bot.Work) error {
		_, err := w.desk.Do(ctx, work, c.ID, desk, cases.Command{Action: cases.Bind, Agency: other, Reason: "Phân công lại"})
		return err
	}))
	w.postFiles(link+"/answer", fields, "").wants(http.StatusGone, "Việc đã chuyển đi", "0,5 m", "&lt;b&gt;x").hides("<b>x")
	w.post(link+"/note", fields).wants(http.StatusGone, "0,5 m")
	w.get(link + "/answer").wants(http.StatusGone).hides("textarea")
	w.post(link[:len(link)-2]+"zz/answer", fields).wants(http.StatusNotFound).hides("0,5 m")
}

// A page that was left open over the weekend sends nothing, and comes back with what was written.
func TestAPageLeftOpenKeepsTheWords(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an := w.contact(commune, Officer, "An")
	c := w.file()
	link := linkIn(t, w.mailTo(an))
	form := w.get(link + "/answer").wants(http.StatusOK)
	fields := with(form.hidden(), "text", answerText, "basis", "Điều 118", "every_point", "1", "next_step", "1", "sure", "1")
	w.bot.Clock.Add(3 * 24 * time.Hour)
	again := w.post(link+"/answer", fields).wants(http.StatusUnprocessableEntity, "để lâu quá", "0,5 m", "Điều 118")
	if got := w.state(c.ID); got.State != cases.Forwarded {
		t.Fatalf("the case is %s", got.State)
	}
	fields = with(again.hidden(), "text", answerText, "basis", "Điều 118", "every_point", "1", "next_step", "1", "sure", "1")
	w.post(link+"/answer", fields).wants(http.StatusOK)
	if got := w.state(c.ID); got.State != cases.Drafted {
		t.Errorf("the case is %s", got.State)
	}
}

// An answer that the leader sent back is mended: the words, what it rests on and the photos are there again.
func TestAnAnswerSentBackIsMended(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an, binh := w.contact(commune, Officer, "An"), w.contact(commune, Leader, "Bình")
	c := w.file()
	link := linkIn(t, w.mailTo(an))
	fields := with(w.get(link+"/answer").hidden(), "text", answerText, "basis", "Điều 118", "every_point", "1", "next_step", "1", "sure", "1")
	w.postFiles(link+"/answer", fields, "", upload{"files", "sau.jpg", bottest.SamplePhoto(64, 48)}).wants(http.StatusOK, "Câu trả lời chờ duyệt")
	lead := linkIn(t, w.mailTo(binh))
	w.post(lead+"/reject", with(w.get(lead+"/reject").hidden(), "text", "Ghi rõ ai tháo dỡ", "sure", "1")).wants(http.StatusOK, "Đã trả lại để sửa", "Câu trả lời đang soạn").hides("Câu trả lời chờ duyệt")

	back := linkIn(t, w.mailTo(an))
	form := w.get(back+"/answer").wants(http.StatusOK, "0,5 m", "Điều 118", "sau.jpg", `name="every_point" value="1" checked`)
	w.post(back+"/answer", with(form.hidden(), "text", answerText+" Chủ nhà tự tháo.", "basis", "Điều 118", "every_point", "1", "next_step", "1", "sure", "1")).wants(http.StatusOK, "Câu trả lời chờ duyệt", "Chủ nhà tự tháo", "sau.jpg")
	if got := w.state(c.ID); got.State != cases.Drafted {
		t.Errorf("the case is %s", got.State)
	}
}
