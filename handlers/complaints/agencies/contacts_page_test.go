package agencies

import (
	"bytes"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
)

// Who sees which body, and who may change it. Somebody else's is not there.
func TestContactsAreSeenByTheirBodyAndTheFrontDesk(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	_, officer := w.officer("An", grant(bot.RoleOfficer, commune))
	_, head := w.officer("Bình", grant(bot.RoleHead, commune))
	_, desk := w.officer("Dung", grant(bot.RoleController, front))
	_, owner := w.officer("Giang", grant(bot.RoleOwner, ""))
	_, press := w.officer("Hà", grant(bot.RolePress, ""))
	at := bodyURL(commune)
	for name, tt := range map[string]struct {
		at, token string
		status    int
		says, not string
	}{
		"an officer reads his body":     {at, officer, 200, "chưa có đầu mối", "Thêm đầu mối"},
		"a head changes his body":       {at, head, 200, "Thêm đầu mối", ""},
		"an officer, another body":      {bodyURL(other), officer, 404, "", ""},
		"a head, another body":          {bodyURL(other), head, 404, "", ""},
		"the front desk, any body":      {bodyURL(other), desk, 200, "Thêm đầu mối", ""},
		"the owner, any body":           {bodyURL(other), owner, 200, "Thêm đầu mối", ""},
		"the press":                     {at, press, 403, "", ""},
		"a body of nobody":              {bodyURL("xa25.ubnd@1"), owner, 404, "", ""},
		"a template":                    {bodyURL("xa25.ubnd"), owner, 404, "", ""},
		"the list of an officer":        {contactsPath, officer, 200, "Chưa có đầu mối (1)", "Nhập thật"},
		"the list of the front desk":    {contactsPath, desk, 200, "Nhập thật", ""},
		"the workbook, for the desk":    {contactsPath + "/export.xlsx", desk, 200, "", ""},
		"the workbook, for an officer":  {contactsPath + "/export.xlsx", officer, 404, "", ""},
		"the list in search of nothing": {contactsPath + "?q=khong+co+ten+nay", desk, 200, "Không có cơ quan nào ở đây", ""},
	} {
		p := w.get(tt.at, tt.token)
		if p.status != tt.status || !strings.Contains(p.body, tt.says) || tt.not != "" && strings.Contains(p.body, tt.not) {
			t.Errorf("%s: %d, want %d, %q and not %q\n%.1500s", name, p.status, tt.status, tt.says, tt.not, p.body)
		}
	}
	// What may not be seen may not be changed.
	fields := url.Values{"body": {other}, "name": {"X"}, "role": {"officer"}, "email": {"x@x.vn"}}
	for token, want := range map[string]int{officer: 404, head: 404} {
		if p := w.post(contactsPath+"/save", fields, token); p.status != want {
			t.Errorf("saved for another body: %d", p.status)
		}
	}
	fields.Set("body", commune)
	if p := w.post(contactsPath+"/save", fields, officer); p.status != 403 {
		t.Errorf("an officer changes contacts: %d", p.status)
	}
	em := w.contact(other, Officer, "Em")
	for _, path := range []string{"/away", "/test"} {
		if p := w.post(contactsPath+path, url.Values{"id": {strconv.FormatInt(em.ID, 10)}}, head); p.status != 404 {
			t.Errorf("%s for another body's contact: %d", path, p.status)
		}
	}
	if p := w.post(contactsPath+"/save", with(fields, "id", strconv.FormatInt(em.ID, 10)), head); p.status != 404 {
		t.Errorf("another body's contact moved into one's own: %d", p.status)
	}
}

// A head adds a contact, who is written to at once; a mistake stands beside its field.
func TestAContactIsAddedOnThePage(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	_, head := w.officer("Bình", grant(bot.RoleHead, commune))
	fields := url.Values{"body": {commune}, "name": {"Lê <b>An</b>"}, "role": {"officer"}, "email": {"khong-phai"}}
	w.post(contactsPath+"/save", fields, head).wants(http.StatusUnprocessableEntity, "địa chỉ e-mail đúng", "khong-phai")
	fields.Set("email", "an@haiphong.example.vn")
	w.post(contactsPath+"/save", fields, head).wants(http.StatusOK, "Đã lưu", "chưa xác nhận", "Lê &lt;b&gt;An").hides("<b>An</b>")
	w.settle()
	mails := w.mail.To("an@haiphong.example.vn")
	if len(mails) != 1 || !strings.Contains(mails[0].Subject, "Thư thử") {
		t.Fatalf("%d mails", len(mails))
	}
	people, err := w.book.All(t.Context(), commune)
	if err != nil || len(people) != 1 {
		t.Fatalf("%+v, %v", people, err)
	}
	id := strconv.FormatInt(people[0].ID, 10)
	w.post(contactsPath+"/test", url.Values{"id": {id}}, head).wants(http.StatusUnprocessableEntity, "Vừa gửi thư thử rồi")
	w.bot.Clock.Add(testAgain + time.Second)
	w.post(contactsPath+"/test", url.Values{"id": {id}}, head).wants(http.StatusOK, "Đã gửi thư thử")

	other := w.contact(commune, Leader, "Cúc")
	until := w.bot.Clock.Now().In(zone).AddDate(0, 0, 3).Format(time.DateOnly)
	w.post(contactsPath+"/away", url.Values{"id": {id}, "stand_in": {strconv.FormatInt(other.ID, 10)}, "until": {until}}, head).
		wants(http.StatusOK, "Cúc thay đến hết ngày")
	w.post(contactsPath+"/away", url.Values{"id": {id}, "stand_in": {id}, "until": {until}}, head).wants(http.StatusUnprocessableEntity, "đầu mối khác")
	w.post(contactsPath+"/away", url.Values{"id": {id}}, head).wants(http.StatusOK).hides("thay đến hết ngày")
}

// The codes of the console link a group and a chat; the list says who cannot be reached.
func TestCodesOfTheConsole(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	_, head := w.officer("Bình", grant(bot.RoleHead, commune))
	_, desk := w.officer("Dung", grant(bot.RoleController, front))
	w.file()
	w.get(contactsPath, desk).wants(http.StatusOK, "Đang có việc mà chưa báo được (1)", "1 việc")
	p := w.post(contactsPath+"/code", url.Values{"body": {commune}}, head).wants(http.StatusOK, "/lienket ")
	_, rest, _ := strings.Cut(p.body, "/lienket ")
	if said := w.talk("An", "to", bottest.Input{Text: "/lienket " + rest[:9]}); len(said) != 1 || !strings.Contains(said[0].Text, "Đã liên kết") {
		t.Fatalf("%+v", said)
	}
	w.get(contactsPath, desk).wants(http.StatusOK).hides("Đang có việc mà chưa báo được")
	w.get(bodyURL(commune), head).wants(http.StatusOK, "liên kết ngày")
	p = w.post(contactsPath+"/own", nil, head).wants(http.StatusOK, "/lienket ")
	_, rest, _ = strings.Cut(p.body, "/lienket ")
	w.talk("Bình", "", bottest.Input{Text: "chào"})
	if said := w.talk("Bình", "", bottest.Input{Text: "/lienket " + rest[:9]}); len(said) != 1 || !strings.Contains(said[0].Text, "Đã liên kết chat này") {
		t.Fatalf("%+v", said)
	}
	groups, err := w.service.queryGroups(t.Context(), w.bot.DB.Read(), `gone = $1`, 0)
	w.must(err)
	w.post(contactsPath+"/unlink", url.Values{"body": {commune}, "id": {strconv.FormatInt(groups[0].ID, 10)}}, head).wants(http.StatusOK, "Chưa có nhóm chat")
	w.get(contactsPath, desk).wants(http.StatusOK, "Đang có việc mà chưa báo được (1)")
}

// A workbook is tried first, then imported; what it refuses is told by sheet and row.
func TestAWorkbookIsImportedOnThePage(t *testing.T) {
	w := newWorld(t, bottest.Options{})
	_, desk := w.officer("Dung", grant(bot.RoleController, front))
	_, head := w.officer("Bình", grant(bot.RoleHead, commune))
	book := workbook(t, nil, []string{"Cơ quan", "E-mail", "Họ tên"}, []string{commune, "an@x.vn", "An"}, []string{"<script>x</script>", "b@x.vn", "B"})
	file := upload{"file", "../dau moi.xlsx", book}
	w.postFiles(contactsPath+"/import", url.Values{"dry": {"1"}}, desk, file).wants(http.StatusOK, "Xem thử", "Sheet1", "&lt;script&gt;").hides("<script>x")
	if all, err := w.book.All(t.Context(), ""); err != nil || len(all) != 0 {
		t.Fatalf("a trial wrote %d, %v", len(all), err)
	}
	w.settle()
	if n := len(w.mail.Mails()); n != 0 {
		t.Errorf("a trial sent %d mails", n)
	}
	for range 2 { // the same file again: everybody was asked to confirm already
		w.postFiles(contactsPath+"/import", url.Values{"real": {"1"}}, desk, file).wants(http.StatusOK, "Đã nhập")
	}
	w.settle()
	if all := w.mail.To("an@x.vn"); len(all) != 1 || !strings.Contains(all[0].Subject, "Thư thử") || len(w.mail.Mails()) != 1 {
		t.Errorf("an imported address got %d mails", len(all))
	}
	if all, err := w.book.All(t.Context(), ""); err != nil || len(all) != 1 {
		t.Fatalf("%d, %v", len(all), err)
	}
	w.postFiles(contactsPath+"/import", nil, desk).wants(http.StatusUnprocessableEntity, "chọn một tệp")
	w.postFiles(contactsPath+"/import", nil, desk, upload{"file", "x.xlsx", []byte("x")}).wants(http.StatusUnprocessableEntity, "không đọc được")
	if p := w.postFiles(contactsPath+"/import", url.Values{"real": {"1"}}, head, file); p.status != http.StatusNotFound {
		t.Errorf("a head imports for all: %d", p.status)
	}
	p := w.get(contactsPath+"/export.xlsx", desk).wants(http.StatusOK)
	f, err := excelize.OpenReader(bytes.NewReader([]byte(p.body)))
	w.must(err)
	w.must(f.Close())
}
