package agencies

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/bottest/fakemail"
	"cchcbot/handlers/complaints/cases"
)

const answerText = "Đã kiểm tra ngày 09/11: nhà số 9 xây lấn 0,5 m. Đã yêu cầu tháo dỡ trước ngày 20/11."

// linkIn is the answer page's address in a mail.
func linkIn(t testing.TB, m fakemail.Mail) string {
	t.Helper()
	for _, l := range m.Links {
		if strings.Contains(l, answerPath) {
			return l
		}
	}
	t.Fatalf("no link in the mail %q:\n%s", m.Subject, m.Text)
	return ""
}

// A case comes by mail, is opened on a phone without an account, taken, answered
// with a photo, read by the leader, and sent.
func TestFromTheMailToTheAnswer(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an, binh := w.contact(commune, Officer, "An"), w.contact(commune, Leader, "Bình")
	c := w.file(func(d *cases.Draft) { d.Place.Text = "ngõ 3 <b>x</b>" })
	if c.Lead != commune || c.State != cases.Forwarded {
		t.Fatalf("the case is %s with %q", c.State, c.Lead)
	}
	m := w.mailTo(an)
	if !strings.Contains(m.Subject, c.Code) || !strings.Contains(m.Subject, "hạn") {
		t.Errorf("subject %q", m.Subject)
	}
	for _, hidden := range []string{hidden, "Nguyễn Thị Lan", "0912"} {
		if strings.Contains(m.Text+m.HTML+m.Subject, hidden) {
			t.Errorf("the mail shows %q", hidden)
		}
	}
	if !strings.Contains(m.Text, "xây lấn ra ngõ") || strings.Contains(m.HTML, "<script>") {
		t.Errorf("the mail says\n%s", m.HTML)
	}
	if got := w.mail.To(binh.Email); len(got) != 0 {
		t.Errorf("the leader is told of a new case that the officer has")
	}

	link := linkIn(t, m)
	p := w.get(link).wants(http.StatusOK, c.Code, "xây lấn ra ngõ", "&lt;script&gt;", "cạnh chợ", "Nhận việc", "Trả lời").hides("<script>alert", "<b>x</b>", hidden, "Nguyễn Thị Lan")
	if p.header.Get("Cache-Control") != "no-store" || !strings.Contains(p.header.Get("X-Robots-Tag"), "noindex") || p.header.Get("Referrer-Policy") != "same-origin" {
		t.Errorf("headers %v", p.header)
	}
	form := w.get(link+"/accept").wants(http.StatusOK, "Nhận việc")
	w.post(link+"/accept", form.hidden()).wants(http.StatusOK, "Đã nhận việc", "đang xử lý")
	if got := w.state(c.ID); got.State != cases.Accepted {
		t.Fatalf("the case is %s", got.State)
	}

	form = w.get(link+"/answer").wants(http.StatusOK, "Câu trả lời", "Căn cứ")
	fields := with(form.hidden(), "text", answerText, "basis", "Điều 118 Luật Xây dựng", "every_point", "1", "next_step", "1")
	sure := w.postFiles(link+"/answer", fields, "", upload{"files", "../../etc/passwd <img src=x>.jpg", bottest.SamplePhoto(64, 48)}).
		wants(http.StatusOK, "Xem lại lần cuối", "0,5 m", "Điều 118").hides("<img src=x>", "../../")
	if got := w.state(c.ID); got.State != cases.Accepted {
		t.Fatalf("the answer went out without the last look: %s", got.State)
	}
	w.post(link+"/answer", with(sure.hidden(), "sure", "1")).wants(http.StatusOK, "chuyển câu trả lời cho lãnh đạo duyệt")
	if got := w.state(c.ID); got.State != cases.Drafted {
		t.Fatalf("the case is %s", got.State)
	}

	check := w.mailTo(binh)
	if !strings.Contains(check.Subject, "chờ duyệt") {
		t.Errorf("the leader reads %q", check.Subject)
	}
	lead := linkIn(t, check)
	w.get(link).hides("Duyệt và gửi đi") // who wrote it cannot approve it
	form = w.get(lead+"/approve").wants(http.StatusOK, "0,5 m")
	sure = w.post(lead+"/approve", form.hidden()).wants(http.StatusOK, "Xem lại lần cuối", "0,5 m")
	w.post(lead+"/approve", with(sure.hidden(), "sure", "1")).wants(http.StatusOK, "Đã duyệt", "đã trả lời")

	answers, err := w.desk.Answers(t.Context(), c.ID, system)
	if err != nil || len(answers) != 1 || answers[0].Text != answerText || len(answers[0].Media) != 1 {
		t.Fatalf("%+v, %v", answers, err)
	}
	items, err := w.files.Items(t.Context(), nil, answers[0].Media...)
	if err != nil || len(items) != 1 || !items[0].Attached || strings.ContainsAny(items[0].Name, "/<>") {
		t.Errorf("%+v, %v", items, err)
	}
	if items, err := w.files.Of(t.Context(), nil, cases.Thing(c.Code)); err != nil || len(items) != 1 {
		t.Errorf("the case has %d files, %v", len(items), err)
	}
}

// A press repeated, because the line was slow, changes nothing.
func TestARepeatedPressChangesNothing(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an := w.contact(commune, Officer, "An")
	c := w.file()
	link := linkIn(t, w.mailTo(an))
	form := w.get(link + "/answer").wants(http.StatusOK)
	fields := with(form.hidden(), "text", answerText, "basis", "Điều 118", "every_point", "1", "next_step", "1", "sure", "1")
	for range 3 {
		w.post(link+"/answer", fields).wants(http.StatusOK)
	}
	if got := w.state(c.ID); got.State != cases.Drafted || got.Version != c.Version+2 {
		t.Errorf("the case is %s at version %d, was %d: taken and submitted once", got.State, got.Version, c.Version)
	}
}

// Two sides at once: one wins, the other reads who and when, and keeps what was typed.
func TestTheOtherSideWasFirst(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an, em := w.contact(commune, Officer, "An"), w.contact(commune, Officer, "Em")
	c := w.file()
	a, e := linkIn(t, w.mailTo(an)), linkIn(t, w.mailTo(em))
	form := w.get(e + "/answer").wants(http.StatusOK)
	w.post(a+"/accept", w.get(a+"/accept").hidden()).wants(http.StatusOK, "Đã nhận việc")
	w.bot.Clock.Add(3 * time.Minute)
	fields := with(form.hidden(), "text", answerText, "basis", "Điều 118", "every_point", "1", "next_step", "1", "sure", "1")
	again := w.post(e+"/answer", fields).wants(http.StatusConflict, "An", "09:00", "0,5 m")
	if got := w.state(c.ID); got.State != cases.Accepted {
		t.Fatalf("the case is %s", got.State)
	}
	// Who read that may send again.
	w.post(e+"/answer", with(again.hidden(), "text", answerText, "basis", "Điều 118", "every_point", "1", "next_step", "1", "sure", "1")).wants(http.StatusOK)
	if got := w.state(c.ID); got.State != cases.Drafted {
		t.Errorf("the case is %s", got.State)
	}
}

func TestManyOfficersTakeOneCaseOnce(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an := w.contact(commune, Officer, "An")
	c := w.file()
	link := linkIn(t, w.mailTo(an))
	var forms []url.Values
	for range 12 {
		forms = append(forms, w.get(link+"/accept").wants(http.StatusOK).hidden())
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for _, f := range forms {
		wg.Go(func() {
			if w.post(link+"/accept", f).status == http.StatusOK {
				mu.Lock()
				won++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if got := w.state(c.ID); got.State != cases.Accepted || got.Version != c.Version+1 || won != 1 {
		t.Errorf("%d won; the case is %s at version %d", won, got.State, got.Version)
	}
}

func TestFormsSayWhatIsMissing(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an, binh := w.contact(commune, Officer, "An"), w.contact(commune, Leader, "Bình")
	c := w.file()
	link := linkIn(t, w.mailTo(an))
	base := w.get(link + "/answer").hidden()
	form := func(pairs ...string) url.Values {
		v := url.Values{}
		for k := range base {
			v.Set(k, base.Get(k))
		}
		return with(v, pairs...)
	}
	full := []string{"text", answerText, "basis", "Điều 118", "every_point", "1", "next_step", "1"}
	for name, tt := range map[string]struct {
		action string
		fields url.Values
		status int
		says   string
	}{
		"a short answer":            {"answer", form(append(full, "text", "ok")...), 422, "Cần ít nhất"},
		"a long answer":             {"answer", form(append(full, "text", strings.Repeat("ă", maxAnswerText+1))...), 422, "Nhiều nhất"},
		"no basis":                  {"answer", form(append(full, "basis", "")...), 422, "ghi căn cứ"},
		"a point left out":          {"answer", form("text", answerText, "basis", "Điều 118", "next_step", "1"), 422, "đủ từng điểm"},
		"no next step":              {"answer", form("text", answerText, "basis", "Điều 118", "every_point", "1"), 422, "việc tiếp theo"},
		"no reason":                 {"return", form("sure", "1"), 422, "chọn một lý do"},
		"a made-up reason":          {"return", form("reason", "vì thích", "sure", "1"), 422, "chọn một lý do"},
		"a made-up body":            {"return", form("reason", "not_ours", "agency", "so-bia", "sure", "1"), 422, "không chọn được"},
		"itself proposed":           {"return", form("reason", "not_ours", "agency", commune, "sure", "1"), 422, "không chọn được"},
		"a version of nobody":       {"accept", form("version", "0"), 422, ""},
		"a form of another link":    {"accept", form("form", "aaaa"), 422, "để lâu quá"},
		"no form key":               {"accept", form("form", ""), 422, "để lâu quá"},
		"an action of citizens":     {"withdraw", form("sure", "1"), 404, ""},
		"sealing":                   {"seal", form("sure", "1"), 404, ""},
		"an extension by no leader": {"extend", form("days", "5", "text", "cần kiểm tra thực địa", "sure", "1"), 422, ""},
	} {
		p := w.post(link+"/"+tt.action, tt.fields)
		if p.status != tt.status || !strings.Contains(p.body, tt.says) {
			t.Errorf("%s: %d, want %d and %q\n%.1500s", name, p.status, tt.status, tt.says, p.body)
		}
	}
	if got := w.state(c.ID); got.Version != c.Version {
		t.Errorf("something happened: version %d, was %d", got.Version, c.Version)
	}
	w.get(link+"/extend").wants(http.StatusOK, "Cần làm gì") // not offered: the page says what is
	_ = binh
}

// A leader extends by the link, the officer returns with a proposal found by words.
func TestReturnAndExtension(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an, binh, desk := w.contact(commune, Officer, "An"), w.contact(commune, Leader, "Bình"), w.contact(front, Officer, "Dung")
	c := w.file()
	link := linkIn(t, w.mailTo(an))
	w.post(link+"/accept", w.get(link+"/accept").hidden()).wants(http.StatusOK)

	lead := w.service.link(binh, commune, c.ID)
	form := w.get(lead + "/extend").wants(http.StatusOK)
	sure := w.post(lead+"/extend", with(form.hidden(), "days", "5", "text", "Cần đo lại thực địa")).wants(http.StatusOK, "Hạn mới", "Cần đo lại")
	w.post(lead+"/extend", with(sure.hidden(), "sure", "1")).wants(http.StatusOK, "Đã gia hạn")
	if got := w.state(c.ID); got.Extensions != 1 {
		t.Errorf("%d extensions", got.Extensions)
	}

	form = w.get(link + "/return").wants(http.StatusOK)
	found := w.post(link+"/return", with(form.hidden(), "reason", "not_ours", "q", "so xay dung", "find", "1")).wants(http.StatusOK, "Sở Xây dựng")
	body := ""
	for _, line := range strings.Split(found.body, "\n") {
		if strings.Contains(line, `name="agency"`) && strings.Contains(line, "Sở Xây dựng") {
			_, rest, _ := strings.Cut(line, `name="agency" value="`)
			body, _, _ = strings.Cut(rest, `"`)
		}
	}
	sure = w.post(link+"/return", with(found.hidden(), "reason", "not_ours", "more", "thuộc dự án của sở", "agency", body)).wants(http.StatusOK, "Xem lại lần cuối", "Sở Xây dựng")
	w.post(link+"/return", with(sure.hidden(), "sure", "1"))
	got := w.state(c.ID)
	if got.State != cases.Received || got.Returns != 1 {
		t.Fatalf("the case is %s with %d returns", got.State, got.Returns)
	}
	if m := w.mailTo(desk); !strings.Contains(m.Subject, "trả lại") || !strings.Contains(m.Subject, c.Code) {
		t.Errorf("the front desk reads %q", m.Subject)
	}
	at := linkIn(t, w.mailTo(desk))
	w.get(at).wants(http.StatusOK, c.Code, "ở bộ phận tiếp nhận", "xây lấn", `href="/console/complaints/case/`+c.Code+`/do/forward"`)
	// A new link to a case at the front desk goes to the front desk.
	w.post(at+"/fresh", nil).wants(http.StatusOK)
	m := w.mailTo(desk)
	if !strings.Contains(m.Subject, "Liên kết mới") {
		t.Errorf("the front desk reads %q", m.Subject)
	}
	w.get(linkIn(t, m)).wants(http.StatusOK, c.Code)
	// The body that gave it back is told who has it, and no more.
	w.get(link).wants(http.StatusGone, "Việc đã chuyển đi", c.Code).hides("xây lấn")
	w.post(link+"/accept", form.hidden()).wants(http.StatusGone)
}

// Whoever opens a link that opens nothing reads the same, and a fresh one goes
// only to the address that is registered.
func TestLinksThatOpenNothing(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an, em := w.contact(commune, Officer, "An"), w.contact(other, Officer, "Em")
	c, d := w.file(), w.file()
	token := func(l Link) string { return answerPath + w.service.signer.Token(l) }
	now := w.bot.Clock.Now()
	good := Link{Purpose: ForAnswer, Case: c.ID, Body: commune, Contact: an.ID, Epoch: an.Epoch, Expires: now.Add(time.Hour)}
	w.get(token(good)).wants(http.StatusOK, c.Code)
	change := func(f func(*Link)) Link {
		l := good
		f(&l)
		return l
	}
	genuine := token(good)
	for name, tt := range map[string]struct {
		at     string
		status int
	}{
		"forged":                  {genuine[:len(genuine)-2] + "zz", http.StatusNotFound},
		"cut":                     {genuine[:len(genuine)-5], http.StatusNotFound},
		"nothing":                 {answerPath + "x", http.StatusNotFound},
		"expired":                 {token(change(func(l *Link) { l.Expires = now })), http.StatusGone},
		"a contact of another":    {token(change(func(l *Link) { l.Contact, l.Epoch = em.ID, em.Epoch })), http.StatusGone},
		"another body":            {token(change(func(l *Link) { l.Body = other })), http.StatusGone},
		"of an old address":       {token(change(func(l *Link) { l.Epoch = 99 })), http.StatusGone},
		"a contact of nobody":     {token(change(func(l *Link) { l.Contact = 999 })), http.StatusNotFound},
		"a case of nobody":        {token(change(func(l *Link) { l.Case = 999 })), http.StatusGone},
		"for confirming":          {token(change(func(l *Link) { l.Purpose = ForConfirm })), http.StatusOK},
		"of the other body's own": {token(Link{Purpose: ForAnswer, Case: c.ID, Body: other, Contact: em.ID, Epoch: em.Epoch, Expires: now.Add(time.Hour)}), http.StatusGone},
	} {
		p := w.get(tt.at)
		if p.status != tt.status {
			t.Errorf("%s: %d, want %d", name, p.status, tt.status)
		}
		p.hides("xây lấn", d.Code)
		if tt.status != http.StatusOK {
			for _, action := range []string{"accept", "answer"} {
				if got := w.post(tt.at+"/"+action, url.Values{"version": {"1"}}); got.status != tt.status {
					t.Errorf("%s, posted: %d", name, got.status)
				}
			}
		}
	}
	if got := w.state(c.ID); got.Version != c.Version {
		t.Error("something happened")
	}

	// Asking for a fresh link: the same answer for all, at most three mails a day, and to nobody else.
	before := len(w.mail.To(an.Email))
	for _, at := range []string{genuine[:len(genuine)-2] + "zz", token(change(func(l *Link) { l.Expires = now })), answerPath + "x", token(change(func(l *Link) { l.Contact = 999 })), genuine, genuine, genuine} {
		w.post(at+"/fresh", url.Values{"email": {"attacker@evil.example"}}).wants(http.StatusOK, "thư mới đang tới địa chỉ đã đăng ký").hides(an.Email)
	}
	w.settle()
	if got := len(w.mail.To(an.Email)) - before; got != freshPerDay {
		t.Errorf("%d mails, want %d", got, freshPerDay)
	}
	if got := w.mail.To("attacker@evil.example"); len(got) != 0 {
		t.Error("a typed address was believed")
	}
	w.get(linkIn(t, w.mailTo(an))).wants(http.StatusOK, c.Code)
	w.bot.Clock.Add(24 * time.Hour)
	w.post(genuine+"/fresh", nil)
	w.settle()
	if got := len(w.mail.To(an.Email)) - before; got != freshPerDay+1 {
		t.Errorf("%d mails on the next day", got)
	}
}

// A contact who left opens nothing any more, and neither does the old address of one who stays.
func TestAContactWhoLeftOpensNothing(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an := w.contact(commune, Officer, "An")
	w.file()
	link := linkIn(t, w.mailTo(an))
	w.get(link).wants(http.StatusOK)
	an.Active = false
	w.must(w.do(func(ctx context.Context, work *bot.Work) error {
		tx, err := work.Tx(ctx)
		if err != nil {
			return err
		}
		_, _, err = w.book.Save(ctx, tx, an)
		return err
	}))
	w.get(link).wants(http.StatusGone, "hết hạn")
	before := len(w.mail.Mails())
	w.post(link+"/fresh", nil).wants(http.StatusOK)
	w.settle()
	if len(w.mail.Mails()) != before {
		t.Error("somebody who left was sent a link")
	}

	// Whose account was shut out cannot come in by the link either.
	em := w.contact(commune, Officer, "Em")
	w.file()
	link = linkIn(t, w.mailTo(em))
	o := bot.Officer{Name: "Em", Email: em.Email, Active: true}
	var err error
	if o.ID, err = w.bot.Store.SaveOfficer(t.Context(), o, "test"); err != nil {
		t.Fatal(err)
	}
	w.get(link).wants(http.StatusOK)
	o.Active = false
	if _, err = w.bot.Store.SaveOfficer(t.Context(), o, "test"); err != nil {
		t.Fatal(err)
	}
	w.get(link).wants(http.StatusGone, "hết hạn")
}

// Another site cannot send the forms of a link that it learned.
func TestAnotherSiteCannotSendTheForms(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an := w.contact(commune, Officer, "An")
	c := w.file()
	link := linkIn(t, w.mailTo(an))
	form := w.get(link + "/accept").hidden()
	r := w.request(http.MethodPost, link+"/accept", "", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Origin", "https://evil.example")
	if p := w.send(r); p.status != http.StatusForbidden {
		t.Errorf("answered %d", p.status)
	}
	if got := w.state(c.ID); got.State != cases.Forwarded {
		t.Errorf("the case is %s", got.State)
	}
}

// Files that are not what they say are refused beside the field; the rest of the form stays.
func TestFilesThatLieAreRefused(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an := w.contact(commune, Officer, "An")
	w.file()
	link := linkIn(t, w.mailTo(an))
	form := w.get(link + "/answer").hidden()
	fields := with(form, "text", answerText, "basis", "Điều 118", "every_point", "1", "next_step", "1")
	p := w.postFiles(link+"/answer", fields, "", upload{"files", "anh.jpg", []byte("<html><script>alert(1)</script>")})
	p.wants(http.StatusUnprocessableEntity, "0,5 m", "class=\"error\"").hides("<script>alert")
	var many []upload
	for i := range maxFiles + 2 {
		many = append(many, upload{"files", "a" + strconv.Itoa(i) + ".jpg", bottest.SamplePhoto(16, 16)})
	}
	w.postFiles(link+"/answer", fields, "", many...).wants(http.StatusUnprocessableEntity, "Nhiều nhất")
	// Files of somebody else's form cannot be attached by their ids.
	em := w.contact(commune, Officer, "Em")
	theirs, err := w.files.Keep(t.Context(), "somebody else", "x.jpg", strings.NewReader(string(bottest.SamplePhoto(16, 16))))
	w.must(err)
	_ = em
	stolen := with(w.get(link+"/answer").hidden(), "text", answerText, "basis", "Điều 118", "every_point", "1", "next_step", "1", "media", theirs.ID, "sure", "1")
	if p := w.post(link+"/answer", stolen); p.status == http.StatusOK {
		t.Error("somebody else's file was attached")
	}
	// Nor does a page show them, or make a link to them.
	stolen.Del("sure")
	w.post(link+"/answer", stolen).wants(http.StatusUnprocessableEntity, "Chưa nhận được tệp").hides(theirs.ID, "x.jpg")
	w.post(link+"/answer", with(stolen, "edit", "1")).hides(theirs.ID, "x.jpg")
}

// A body that nobody can reach is an alarm, and the front desk is told instead.
func TestABodyThatNobodyCanReach(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	desk := w.contact(front, Officer, "Dung")
	c := w.file()
	if len(w.alerts) != 1 || !strings.Contains(w.alerts[0], commune) {
		t.Errorf("alarms: %q", w.alerts)
	}
	if m := w.mailTo(desk); !strings.Contains(m.Subject, c.Code) || !strings.Contains(m.Text, "chưa có đầu mối") {
		t.Errorf("the front desk reads %q\n%s", m.Subject, m.Text)
	}
}

// A test message is confirmed by a press, not by a program that opens links.
func TestATestMessageConfirmsTheAddress(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	an := w.unconfirmed(commune, Officer, "An")
	w.must(w.do(func(_ context.Context, work *bot.Work) error { w.service.sendTest(work, an); return nil }))
	link := linkIn(t, w.mailTo(an))
	p := w.get(link).wants(http.StatusOK, "Xác nhận đầu mối")
	verified := func() bool {
		c, err := w.book.Get(t.Context(), w.bot.DB.Read(), an.ID)
		w.must(err)
		return !c.Verified.IsZero()
	}
	if verified() {
		t.Fatal("looking confirmed it")
	}
	w.post(link+"/confirm", nil).wants(http.StatusUnprocessableEntity)
	w.post(link+"/confirm", p.hidden()).wants(http.StatusOK, "Đã xác nhận")
	if !verified() {
		t.Error("the press did not confirm it")
	}
	w.get(link + "/accept").wants(http.StatusNotFound) // a link for one purpose opens nothing else
}

// A case that was found to be a denunciation is nowhere any more: no link, no
// button, no reminder and no line of a group tells of it.
func TestASealedCaseIsNobodysNews(t *testing.T) {
	w := office(t, bottest.Options{})
	an := w.contact(commune, Leader, "Giang")
	w.talk("An", "", bottest.Input{Text: "chào"})
	w.talk("An", "", bottest.Input{Text: "/lienket " + codeAn})
	w.talk("An", "to", bottest.Input{Text: "/lienket " + codeGroup})
	c := w.file()
	w.bot.Driver.Seen(bottest.Citizen{Name: "An", Group: "to"})
	link := w.url + answerPath + w.service.signer.Token(Link{Purpose: ForAnswer, Case: c.ID, Body: commune, Contact: an.ID, Epoch: an.Epoch, Expires: w.bot.Clock.Now().Add(time.Hour)})
	w.get(link).wants(http.StatusOK, c.Code)
	actor, _, err := w.service.actorOf(t.Context(), w.bot.DB.Read(), an)
	w.must(err)
	w.talk("An", "to", bottest.Input{Reply: true, To: "Nhận", Text: "Đã kiểm tra, sẽ tháo dỡ trong tuần này."})
	before := len(w.mail.Mails())
	w.must(w.do(func(ctx context.Context, work *bot.Work) error {
		_, err := w.desk.Do(ctx, work, c.ID, actor, cases.Command{Action: cases.Seal, Reason: "đây là tố cáo"})
		return err
	}))
	w.settle()
	var drafts int
	w.must(w.bot.DB.Read().QueryRowContext(t.Context(), `select count(*) from complaints_chat_drafts`).Scan(&drafts))
	if drafts != 0 {
		t.Errorf("%d answers to it wait", drafts)
	}
	for _, p := range []page{w.get(link), w.get(link + "/answer"), w.post(link+"/accept", nil)} {
		p.wants(http.StatusGone).hides(c.Code, "xây lấn")
	}
	w.post(link+"/fresh", nil).wants(http.StatusOK)
	for _, in := range []bottest.Input{{Press: "Nhận"}, {Reply: true, To: "Nhận", Text: "Đã kiểm tra, sẽ tháo dỡ trong tuần này."}} {
		for _, said := range w.talk("An", "to", in) {
			if strings.Contains(said.Text, c.Code) || strings.Contains(said.Text, "Sẽ gửi") {
				t.Errorf("the group reads %q", said.Text)
			}
		}
	}
	w.bot.Clock.Add(30 * 24 * time.Hour)
	w.must(w.desk.RunReminders(t.Context(), w.bot.Works))
	w.must(w.service.sendReminders(t.Context()))
	w.settle()
	if got := len(w.mail.Mails()); got != before {
		t.Errorf("%d mails more", got-before)
	}
}
