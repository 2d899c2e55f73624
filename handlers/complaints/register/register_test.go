package register_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

// TestFromAnswerToRegister walks a case from the answer to the public page.
func TestFromAnswerToRegister(t *testing.T) {
	w := newWorld(t)
	w.has(w.get("/cong-khai"), "Chưa có phản ánh nào được đăng")
	c := w.answered(nil)
	w.has(w.by(head).get("/console/complaints/publish"), c.Code, "Hạn")

	// The program's proposal hides what is personal; somebody who may not know the sender does not see the original.
	p := w.get("/console/complaints/publish/edit?code=" + c.Code)
	w.has(p, "Tôi là •••, gọi •••", "Cảm ơn chị •••", "Tên người: <b>1</b>", "số nhà ••• phố Huyền")
	w.lacks(p, "Zwxq", "0912")
	w.has(w.by(front).get("/console/complaints/publish/edit?code="+c.Code), "Tôi là Nguyễn Thị Zwxq")

	w.publish(c, "Đèn đường hỏng ở ngõ Chùa")
	w.has(w.get("/cong-khai"), "Đèn đường hỏng ở ngõ Chùa", "Đúng hạn", "Có 1 phản ánh đã đăng")
	e := w.get("/cong-khai/" + c.Code)
	w.has(e, "Đèn đường ở ngõ Chùa hỏng ba hôm nay.", "Đã thay bóng đèn ngày 10/11/2026.", "Căn cứ:", "Điều 1</p>", "Đăng ngày 09/11/2026")
	w.lacks(e, "Zwxq", "0912", "Phạm", "Đỗ Văn Trưởng")
	if len(e.body) > 60<<10 || strings.Contains(e.body, "<script") {
		t.Errorf("the page has %d bytes, or scripts", len(e.body))
	}
	w.has(w.get("/cong-khai/"+c.Code+"?lang=en"), "Answer of", "Đã thay bóng đèn")
	got, err := w.desk.Get(t.Context(), c.ID, w.actor(front))
	must(t, err)
	if k, ok := got.Clock(cases.StepPublish); !ok || k.Stopped.IsZero() || got.Published != cases.PublishedYes {
		t.Errorf("published %q, clock %+v", got.Published, k)
	}
	// What the citizen says of the answer stands beside it.
	w.do(c.ID, citizen, cases.Command{Action: cases.Rate, Rating: cases.Rating{Overall: 5}})
	w.has(w.get("/cong-khai/"+c.Code), "Người gửi chấm 5/5")
	if strings.Contains(w.log.String(), "Zwxq") || strings.Contains(w.log.String(), "0912") {
		t.Error("the log holds what the citizen wrote")
	}
}

// TestWhatWasAddedLaterIsNotPublished: the citizen allowed the first words and pictures, and was asked of no others.
func TestWhatWasAddedLaterIsNotPublished(t *testing.T) {
	w := newWorld(t)
	const owner = "conversation-photo"
	first, later := w.picture(owner), w.picture(owner)
	c := w.file(func(d *cases.Draft) { d.Media, d.MediaOwner = []string{first}, owner })
	w.do(c.ID, citizen, cases.Command{Action: cases.Add, Text: "Con tôi tên Zwxqcon đang nằm viện.", Media: []string{later}, MediaOwner: owner})
	w.answer(c)
	for _, who := range []string{head, front} {
		p := w.by(who).get("/console/complaints/publish/edit?code=" + c.Code)
		w.has(p, "Đèn đường ở ngõ Chùa hỏng ba hôm nay.", first)
		w.lacks(p, "Zwxqcon", "nằm viện", later)
	}
	f := form(c, 0, "Đèn đường hỏng")
	f["photo"] = []string{first, later}
	p := w.by(head).post("/console/complaints/publish/edit", f)
	w.has(p, first)
	w.lacks(p, later)
}

// TestTheWorkOfAPlace: who has a place has what is to be published there, whoever answered, and no more.
func TestTheWorkOfAPlace(t *testing.T) {
	w := newWorld(t)
	c := w.answered(nil)
	for scope, want := range map[bot.Scope]bool{{Place: c.Place.ID}: true, {Place: "w10507"}: false, {Agency: c.Lead, Place: c.Place.ID}: true, {Agency: c.Lead, Place: "w10507"}: false} {
		o := w.people[stranger]
		o.Officer.Grants = []bot.Grant{{Role: bot.RoleHead, Scope: scope}}
		w.people[stranger] = o
		a := w.by(stranger).get("/console/complaints/publish")
		if strings.Contains(a.body, c.Code) != want || strings.Contains(a.body, " (1)") != want {
			t.Errorf("%v sees it: %v", scope, !want)
		}
	}
}

// TestAPageIsConfirmedAsItWasSeen: any change after the look makes the confirmation void.
func TestAPageIsConfirmedAsItWasSeen(t *testing.T) {
	w := newWorld(t)
	c := w.answered(nil)
	p := w.by(head).post("/console/complaints/publish/edit", form(c, 0, "Bản một"))
	seen := p.hash(t)
	propose := url.Values{"code": {c.Code}, "hash": {seen}, "read": {"1"}}

	w.expect(w.post("/console/complaints/publish/propose", url.Values{"code": {c.Code}, "hash": {seen}}), http.StatusUnprocessableEntity) // not read
	w.expect(w.post("/console/complaints/publish/propose", url.Values{"code": {c.Code}, "hash": {strings.Repeat("0", 64)}, "read": {"1"}}), http.StatusConflict)
	w.expect(w.post("/console/complaints/publish/confirm", propose), http.StatusUnprocessableEntity) // nothing was proposed
	w.expect(w.post("/console/complaints/publish/propose", propose), http.StatusOK)

	// Who proposed cannot confirm, neither by the page nor past it.
	own := w.get("/console/complaints/publish/preview?code=" + c.Code)
	w.has(own, "Cần người khác xác nhận")
	w.expect(w.post("/console/complaints/publish/confirm", propose), http.StatusForbidden)

	// The front desk looks, somebody edits, the front desk confirms what it saw: nothing happens.
	look := w.by(front).get("/console/complaints/publish/preview?code=" + c.Code)
	w.expect(w.by(clerk).post("/console/complaints/publish/edit", form(c, 1, "Bản hai")), http.StatusOK)
	late := w.by(front).post("/console/complaints/publish/confirm", url.Values{"code": {c.Code}, "hash": {look.hash(t)}, "read": {"1"}})
	w.expect(late, http.StatusConflict)
	w.has(late, "Chưa có gì được đăng")
	w.expect(w.by(nobody).get("/cong-khai/"+c.Code), http.StatusNotFound)

	// The new version goes the same way, and its history is kept.
	p = w.by(clerk).get("/console/complaints/publish/preview?code=" + c.Code)
	w.expect(w.post("/console/complaints/publish/propose", url.Values{"code": {c.Code}, "hash": {p.hash(t)}, "read": {"1"}}), http.StatusOK)
	p = w.by(front).get("/console/complaints/publish/preview?code=" + c.Code)
	w.expect(w.post("/console/complaints/publish/confirm", url.Values{"code": {c.Code}, "hash": {p.hash(t)}, "read": {"1"}}), http.StatusOK)
	w.has(w.get("/console/complaints/publish/preview?code="+c.Code), "Bản 2", "Bản 1", "Đỗ Văn Trưởng", "Lê Đầu Mối")
	// The public page holds the very bytes of the preview.
	article := p.body[strings.Index(p.body, "<article"):strings.Index(p.body, "</article>")]
	if public := w.by(nobody).get("/cong-khai/" + c.Code); !strings.Contains(public.body, article) {
		t.Error("the public page is not what was confirmed")
	}
	// Nor can anybody confirm past the pages.
	other := w.answered(nil)
	if _, err := w.try(other.ID, w.actor(head), cases.Command{Action: cases.PublishPropose}); !bot.IsCode(err, bot.Invalid) {
		t.Errorf("a proposal without a text: %v", err)
	}
}

// TestTwoEditAtOnce: the second reads that somebody was first, and keeps what he typed.
func TestTwoEditAtOnce(t *testing.T) {
	w := newWorld(t)
	c := w.answered(nil)
	w.expect(w.by(head).post("/console/complaints/publish/edit", form(c, 0, "Của trưởng")), http.StatusOK)
	p := w.by(clerk).post("/console/complaints/publish/edit", form(c, 0, "Của cán bộ"))
	w.expect(p, http.StatusConflict)
	w.has(p, "Người khác vừa lưu", "Của cán bộ")
	w.expect(w.post("/console/complaints/publish/edit", form(c, 1, "Của cán bộ")), http.StatusOK)
	// The same text again is no new version.
	w.expect(w.post("/console/complaints/publish/edit", form(c, 2, "Của cán bộ")), http.StatusOK)
	w.lacks(w.get("/console/complaints/publish/preview?code="+c.Code), "Bản 3")
	bad := form(c, 2, "")
	bad.Set("answer_0", strings.Repeat("ư", bot.MaxText+1))
	p = w.post("/console/complaints/publish/edit", bad)
	w.expect(p, http.StatusUnprocessableEntity)
	w.has(p, "Ô này còn trống", "dài quá")
}

// TestDoubtfulPlacesAreLookedAt: what still looks personal needs a word.
func TestDoubtfulPlacesAreLookedAt(t *testing.T) {
	w := newWorld(t)
	c := w.answered(nil)
	f := form(c, 0, "Đèn hỏng")
	f.Set("answer_0", "Cần thêm, gọi trụ sở 0220 3851 234.")
	p := w.by(head).post("/console/complaints/publish/edit", f)
	w.has(p, "Số điện thoại, giấy tờ, tài khoản: <b>1</b>")
	v := url.Values{"code": {c.Code}, "hash": {p.hash(t)}, "read": {"1"}}
	w.expect(w.post("/console/complaints/publish/propose", v), http.StatusUnprocessableEntity)
	v.Set("left", "1")
	w.expect(w.post("/console/complaints/publish/propose", v), http.StatusOK)
}

// gone checks that nothing of a case can be read by anybody.
func (w *world) gone(c cases.Case, title string) {
	w.t.Helper()
	w.by(nobody)
	w.expect(w.get("/cong-khai/"+c.Code), http.StatusNotFound)
	for _, path := range []string{"/cong-khai", "/cong-khai?q=" + url.QueryEscape(title), "/cong-khai?q=" + c.Code, "/cong-khai?place=w10532", "/cong-khai/feed.atom", "/cong-khai.json"} {
		a := w.get(path)
		w.expect(a, http.StatusOK)
		if strings.Contains(a.text(), title+"<") || strings.Contains(a.body, "/"+c.Code) {
			w.t.Errorf("%s still shows %s", path, c.Code)
		}
	}
	similar, err := w.register.Similar(w.t.Context(), "xay-dung", "w10532", title)
	must(w.t, err)
	for _, s := range similar {
		if s.Code == c.Code {
			w.t.Error("it is still offered as similar")
		}
	}
}

// TestWhatIsTakenBackIsGone: by the citizen, the front desk, the liaison.
func TestWhatIsTakenBackIsGone(t *testing.T) {
	const title = "Tiêu đề quexzy"
	for name, take := range map[string]func(w *world, c cases.Case){
		"consent withdrawn": func(w *world, c cases.Case) {
			w.do(c.ID, citizen, cases.Command{Action: cases.Consent, Public: "no"})
			p := w.by(front).get("/console/complaints/publish/preview?code=" + c.Code)
			w.has(p, "Không được công khai nữa")
			w.lacks(p, title)
		},
		"sealed": func(w *world, c cases.Case) {
			w.do(c.ID, w.actor(head), cases.Command{Action: cases.Seal, Reason: "có vẻ là tố cáo"})
			for _, who := range []string{head, front, stranger} {
				w.expect(w.by(who).get("/console/complaints/publish/preview?code="+c.Code), http.StatusNotFound)
			}
			for _, st := range []string{"open", "proposed", "public", "declined", "withdrawn"} {
				w.lacks(w.by(front).get("/console/complaints/publish?state="+st), c.Code)
			}
			w.expect(w.by(liaison).get("/console/complaints/publish/preview?code="+c.Code), http.StatusNotFound)
		},
		"taken down": func(w *world, c cases.Case) {
			w.expect(w.by(front).post("/console/complaints/publish/decline", url.Values{"code": {c.Code}}), http.StatusUnprocessableEntity)
			w.expect(w.by(clerk).post("/console/complaints/publish/decline", url.Values{"code": {c.Code}, "reason": {"sai"}}), http.StatusForbidden)
			w.expect(w.by(front).post("/console/complaints/publish/decline", url.Values{"code": {c.Code}, "reason": {"Nhầm tên đường"}}), http.StatusOK)
			w.has(w.get("/console/complaints/publish/preview?code="+c.Code), "Nhầm tên đường", title)
		},
		"forgotten": func(w *world, c cases.Case) {
			must(w.t, w.works.Do(w.t.Context(), func(ctx contextT, u *bot.Work) error {
				tx, err := u.Tx(ctx)
				if err != nil {
					return err
				}
				records, err := w.feature.Export(ctx, tx, 7)
				if err != nil || len(records) != 1 || records[0].Data["code"] != c.Code {
					w.t.Errorf("handed over: %v, %v", records, err)
				}
				return w.feature.Forget(ctx, tx, 7)
			}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.answered(nil)
			w.publish(c, title)
			w.has(w.get("/cong-khai/"+c.Code), title)
			take(w, c)
			w.gone(c, title)
		})
	}
}

// TestAForgottenSenderIsNotPublished: a text that waits for the second person goes with
// the sender, and nobody begins another one; there is nobody left to take the permission back.
func TestAForgottenSenderIsNotPublished(t *testing.T) {
	w := newWorld(t)
	c := w.answered(nil)
	p := w.by(head).post("/console/complaints/publish/edit", form(c, 0, "Đèn hỏng"))
	w.expect(w.post("/console/complaints/publish/propose", url.Values{"code": {c.Code}, "hash": {p.hash(t)}, "read": {"1"}}), http.StatusOK)
	preview := w.by(front).get("/console/complaints/publish/preview?code=" + c.Code)
	hash := preview.hash(t)
	must(t, w.works.Do(t.Context(), func(ctx contextT, u *bot.Work) error {
		tx, err := u.Tx(ctx)
		if err != nil {
			return err
		}
		return w.desk.ForgetPerson(ctx, tx, 7)
	}))
	if a := w.post("/console/complaints/publish/confirm", url.Values{"code": {c.Code}, "hash": {hash}, "read": {"1"}}); a.status == http.StatusOK {
		t.Error("the second person confirms what a forgotten person wrote")
	}
	w.lacks(w.get("/console/complaints/publish?state=proposed"), c.Code)
	w.expect(w.get("/console/complaints/publish/edit?code="+c.Code), http.StatusForbidden)
	w.expect(w.by(nobody).get("/cong-khai/"+c.Code), http.StatusNotFound)
}

// TestASealedCaseLeavesNoByte: of what was public before nothing is left in the database.
func TestASealedCaseLeavesNoByte(t *testing.T) {
	w := newWorld(t)
	c := w.answered(nil)
	w.publish(c, "Tiêu đề quexzy")
	for _, name := range []string{w.path, w.path + "-wal"} {
		b, err := os.ReadFile(name)
		must(t, err)
		for _, word := range []string{"quexzy", "Zwxq", "thay bóng đèn"} {
			if bytes.Contains(b, []byte(word)) {
				t.Errorf("%q stands in the database in clear", word)
			}
		}
	}
	w.do(c.ID, w.actor(head), cases.Command{Action: cases.Seal, Reason: "có vẻ là tố cáo"})
	for _, table := range []string{"complaints_register", "complaints_register_texts", "complaints_register_work", "complaints_register_terms"} {
		var n int
		must(t, w.db.Read().QueryRowContext(t.Context(), "select count(*) from "+table).Scan(&n))
		if n != 0 {
			t.Errorf("%d rows are left in %s", n, table)
		}
	}
}

// TestACorrectionKeepsHistory: down, mended, confirmed again: one entry with both days.
func TestACorrectionKeepsHistory(t *testing.T) {
	w := newWorld(t)
	c := w.answered(nil)
	later := w.answered(nil)
	w.publish(c, "Bản có lỗi")
	w.publish(later, "Phản ánh khác")
	p := w.by(head).post("/console/complaints/publish/edit", form(c, 1, "Lén sửa"))
	w.expect(p, http.StatusConflict) // what is public is not edited behind its readers' back
	w.expect(w.post("/console/complaints/publish/decline", url.Values{"code": {c.Code}, "reason": {"Sửa tên đường"}}), http.StatusOK)
	w.now = w.now.AddDate(0, 0, 2)
	p = w.post("/console/complaints/publish/edit", form(c, 1, "Bản đã sửa"))
	w.expect(w.post("/console/complaints/publish/propose", url.Values{"code": {c.Code}, "hash": {p.hash(t)}, "read": {"1"}}), http.StatusOK)
	p = w.by(front).get("/console/complaints/publish/preview?code=" + c.Code)
	w.expect(w.post("/console/complaints/publish/confirm", url.Values{"code": {c.Code}, "hash": {p.hash(t)}, "read": {"1"}}), http.StatusOK)
	w.has(w.get("/console/complaints/publish/preview?code="+c.Code), "Sửa tên đường", "Bản 1", "Bản 2")
	e := w.by(nobody).get("/cong-khai/" + c.Code)
	w.has(e, "Bản đã sửa", "Đăng ngày 09/11/2026", "Sửa ngày 11/11/2026")
	w.lacks(e, "Bản có lỗi")
	list := w.get("/cong-khai").text()
	if strings.Index(list, "Bản đã sửa") < strings.Index(list, "Phản ánh khác") {
		t.Error("a corrected entry moved to the top")
	}
}

// TestOnlyWhatMayBePublished: neither without consent, nor of a sensitive field, nor
// before there is an answer.
func TestOnlyWhatMayBePublished(t *testing.T) {
	w := newWorld(t)
	private := w.answered(func(d *cases.Draft) { d.Public = false })
	waiting := w.file(nil)
	w.by(front)
	w.lacks(w.get("/console/complaints/publish?state=open"), private.Code, waiting.Code)
	w.expect(w.get("/console/complaints/publish/edit?code="+private.Code), http.StatusForbidden)
	w.expect(w.get("/console/complaints/publish/edit?code="+waiting.Code), http.StatusUnprocessableEntity)
	w.expect(w.post("/console/complaints/publish/edit", form(private, 0, "x")), http.StatusForbidden)
	// The citizen allows it later, and takes it back before anybody proposed.
	w.do(private.ID, citizen, cases.Command{Action: cases.Consent, Public: "yes"})
	w.has(w.get("/console/complaints/publish?state=open"), private.Code)
	w.do(private.ID, citizen, cases.Command{Action: cases.Consent, Public: "no"})
	w.lacks(w.get("/console/complaints/publish?state=open"), private.Code)
	w.do(private.ID, citizen, cases.Command{Action: cases.Consent, Public: "yes"})
	w.has(w.get("/console/complaints/publish?state=open"), private.Code)
}

// TestAReopenedCase says so beside the answer that did not satisfy.
func TestAReopenedCase(t *testing.T) {
	w := newWorld(t)
	c := w.answered(nil)
	w.publish(c, "Chưa xong")
	no := false
	w.do(c.ID, citizen, cases.Command{Action: cases.Rate, Rating: cases.Rating{Overall: 1, Solved: &no}})
	w.do(c.ID, citizen, cases.Command{Action: cases.Reopen})
	w.has(w.get("/cong-khai/"+c.Code), "Người gửi chưa hài lòng", "Người gửi chấm 1/5")
	w.has(w.get("/cong-khai"), "Đang xem lại")
	// One that is not public yet waits for its next answer.
	other := w.answered(nil)
	w.do(other.ID, citizen, cases.Command{Action: cases.Rate, Rating: cases.Rating{Overall: 1, Solved: &no}})
	w.do(other.ID, citizen, cases.Command{Action: cases.Reopen})
	w.lacks(w.by(front).get("/console/complaints/publish?state=open"), other.Code)
}

// TestPhotosArePickedOneByOne: only what was picked is shown, and only while it is public.
func TestPhotosArePickedOneByOne(t *testing.T) {
	w := newWorld(t)
	const owner = "conversation-photo"
	one, two := w.picture(owner), w.picture(owner)
	c := w.answered(func(d *cases.Draft) { d.Media, d.MediaOwner = []string{one, two}, owner })
	p := w.by(head).get("/console/complaints/publish/edit?code=" + c.Code)
	w.has(p, one, two)
	if a := w.get("/console/complaints/publish/photo?code=" + c.Code + "&photo=" + one + "&nho=1"); a.status != http.StatusOK || a.header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("an officer sees %d %s", a.status, a.header.Get("Content-Type"))
	}
	w.expect(w.by(stranger).get("/console/complaints/publish/photo?code="+c.Code+"&photo="+one), http.StatusNotFound)
	f := form(c, 0, "Có ảnh")
	f["photo"] = []string{two, "../../etc/passwd"}
	p = w.by(head).post("/console/complaints/publish/edit", f)
	v := url.Values{"code": {c.Code}, "hash": {p.hash(t)}, "read": {"1"}}
	w.expect(w.post("/console/complaints/publish/propose", v), http.StatusUnprocessableEntity) // the photos were not looked at
	v.Set("photos", "1")
	w.expect(w.post("/console/complaints/publish/propose", v), http.StatusOK)
	w.expect(w.by(nobody).get("/cong-khai/"+c.Code+"/anh/"+two), http.StatusNotFound)
	w.expect(w.by(front).post("/console/complaints/publish/confirm", v), http.StatusOK)
	w.by(nobody)
	w.has(w.get("/cong-khai/"+c.Code), "/cong-khai/"+c.Code+"/anh/"+two)
	w.expect(w.get("/cong-khai/"+c.Code+"/anh/"+two), http.StatusOK)
	w.expect(w.get("/cong-khai/"+c.Code+"/anh/"+one), http.StatusNotFound)
	// What is public stays when other pictures go; one that went all the same leaves a page without it.
	w.now = w.now.AddDate(0, 2, 0)
	w.do(c.ID, cases.Actor{Kind: cases.System, Via: "job"}, cases.Command{Action: cases.Close})
	w.do(c.ID, cases.Actor{Kind: cases.System, Via: "job"}, cases.Command{Action: cases.DropMedia})
	w.expect(w.get("/cong-khai/"+c.Code+"/anh/"+two), http.StatusOK)
	must(t, w.works.Do(t.Context(), func(ctx contextT, u *bot.Work) error {
		tx, err := u.Tx(ctx)
		if err != nil {
			return err
		}
		return w.media.Discard(ctx, tx, cases.Thing(c.Code))
	}))
	w.expect(w.get("/cong-khai/"+c.Code+"/anh/"+two), http.StatusNotFound)
	w.lacks(w.get("/cong-khai/"+c.Code), "/anh/")
	w.lacks(w.get("/cong-khai.json"), "/anh/")
}

// TestPhotosGoWithTheConsent: nobody sees a picture of what is not public any more.
func TestPhotosGoWithTheConsent(t *testing.T) {
	w := newWorld(t)
	const owner = "conversation-photo"
	one := w.picture(owner)
	c := w.answered(func(d *cases.Draft) { d.Media, d.MediaOwner = []string{one}, owner })
	f := form(c, 0, "Có ảnh")
	f.Set("photo", one)
	p := w.by(head).post("/console/complaints/publish/edit", f)
	v := url.Values{"code": {c.Code}, "hash": {p.hash(t)}, "read": {"1"}, "photos": {"1"}}
	w.expect(w.post("/console/complaints/publish/propose", v), http.StatusOK)
	w.expect(w.by(front).post("/console/complaints/publish/confirm", v), http.StatusOK)
	w.expect(w.by(nobody).get("/cong-khai/"+c.Code+"/anh/"+one), http.StatusOK)
	w.do(c.ID, citizen, cases.Command{Action: cases.Consent, Public: "no"})
	w.expect(w.get("/cong-khai/"+c.Code+"/anh/"+one), http.StatusNotFound)
}

// TestWhoSeesTheWork: strangers get 404, others their own.
func TestWhoSeesTheWork(t *testing.T) {
	w := newWorld(t)
	c := w.answered(nil)
	for _, page := range []string{"edit", "preview", "photo"} {
		path := "/console/complaints/publish/" + page + "?code=" + c.Code
		w.expect(w.by(stranger).get(path), http.StatusNotFound)
		w.expect(w.by(front).get("/console/complaints/publish/"+page+"?code=K7M3-9QX9"), http.StatusNotFound)
		w.expect(w.get("/console/complaints/publish/"+page), http.StatusNotFound)
	}
	w.lacks(w.by(stranger).get("/console/complaints/publish"), c.Code)
	w.has(w.by(clerk).get("/console/complaints/publish"), c.Code)
	for _, page := range []string{"edit", "propose", "confirm", "decline"} {
		w.expect(w.by(stranger).post("/console/complaints/publish/"+page, url.Values{"code": {c.Code}, "base": {"0"}, "reason": {"x"}, "read": {"1"}}), http.StatusNotFound)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/console/complaints/publish/"+page, strings.NewReader("code="+c.Code))
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w.by(front)
		w.expect(w.send(r), http.StatusForbidden)
	}
}
