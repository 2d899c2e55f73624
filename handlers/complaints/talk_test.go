package complaints_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/handlers/complaints/register"
)

// says plays what a citizen types or presses ("[Gửi]"), one after the other, and
// returns what the bot said to the last.
func (w *world) says(t testing.TB, who string, all ...string) string {
	t.Helper()
	return w.saysOn(t, w.Driver, who, all...)
}

func (w *world) saysOn(t testing.TB, d bottest.Driver, who string, all ...string) string {
	t.Helper()
	c := bottest.Citizen{Name: who}
	d.Seen(c)
	var last string
	for _, text := range all {
		in := bottest.Input{Text: text}
		if title, ok := strings.CutPrefix(text, "["); ok {
			in = bottest.Input{Press: strings.TrimSuffix(title, "]")}
		}
		w.does(t, d, c, in)
		last = w.heard(d, c)
	}
	return last
}

func (w *world) does(t testing.TB, d bottest.Driver, c bottest.Citizen, in bottest.Input) {
	t.Helper()
	if err := d.Do(t.Context(), c, in); err != nil {
		t.Fatalf("%+v: %v", in, err)
	}
	if err := w.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (w *world) heard(d bottest.Driver, c bottest.Citizen) string {
	var texts []string
	for _, m := range d.Seen(c) {
		texts = append(texts, m.Text)
	}
	return strings.Join(texts, "\n")
}

// lamp files a report on a lamp and returns its code.
func (w *world) lamp(t testing.TB, who, words string) string {
	t.Helper()
	got := w.says(t, who, words, "[Đúng]", "[Bỏ qua]", "[Hôm nay]", "[Bỏ qua]", "[Không công khai]", "[Gửi]")
	_, rest, ok := strings.Cut(got, "Mã của anh/chị: ")
	if !ok {
		t.Fatalf("not filed: %s", got)
	}
	code, _, _ := strings.Cut(rest, ".")
	return code
}

const lampWords = "đèn đường hỏng ở phường Thành Đông không ai sửa"

// road files a report with name and number and returns its code.
func (w *world) conduct(t testing.TB, who string) string {
	t.Helper()
	got := w.says(t, who, "/phananh", "[Cán bộ, cơ quan]", "một cửa phường Thành Đông bắt tôi đi lại nhiều lần", "hôm qua", "[Bỏ qua]",
		"Nguyễn Văn Bình", "0912 345 678", "[Gửi]")
	_, rest, ok := strings.Cut(got, "Mã của anh/chị: ")
	if !ok {
		t.Fatalf("not filed: %s", got)
	}
	code, _, _ := strings.Cut(rest, ".")
	return code
}

func (w *world) count(t testing.TB, query string, args ...any) (n int) {
	t.Helper()
	if err := w.DB.Read().QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestStatusFromAnotherChannel: code and number together open the state, neither
// alone does, and nobody finds them by trying.
func TestStatusFromAnotherChannel(t *testing.T) {
	other := bottest.NewFakeDriver("zalo", bottest.FakeLimits())
	w := newBot(t, bottest.Options{Drivers: []bottest.Driver{other}})
	code := w.conduct(t, "binh")
	got := w.saysOn(t, other, "b", strings.ToLower(strings.Replace(code, "-", " ", 1)), "0912345678")
	if !strings.Contains(got, code+": nơi đầu mối đang đọc") || strings.Contains(got, "Bình") || strings.Contains(got, "0912") {
		t.Errorf("with code and number: %s", got)
	}
	if got := w.saysOn(t, other, "b", code, "0912345679"); !strings.Contains(got, "không khớp") {
		t.Errorf("with another number: %s", got)
	}
	if got := w.saysOn(t, other, "b", typo(code)); !strings.Contains(got, "gõ nhầm") {
		t.Errorf("with a mistyped code: %s", got)
	}
	// Someone else's case is not found by its code, and its buttons lead nowhere.
	if got := w.says(t, "eve", code); !strings.Contains(got, "số điện thoại") || strings.Contains(got, "Thành Đông") {
		t.Errorf("somebody else's code: %s", got)
	}
	w.says(t, "eve", "hủy")
	for _, verb := range []string{"show", "add", "withdraw", "withdrawn", "restore", "rate", "reopen", "answer", "public"} {
		w.does(t, w.Driver, bottest.Citizen{Name: "eve"}, bottest.Input{Button: "complaints:" + verb + ":" + code})
		if got := w.heard(w.Driver, bottest.Citizen{Name: "eve"}); !strings.Contains(got, "không tìm thấy phản ánh này") {
			t.Errorf("a forged button %s is answered with %s", verb, got)
		}
	}
}

// typo is a code with one symbol wrong.
func typo(code string) string {
	b := []byte(code)
	if b[0]++; b[0] > 'Z' || b[0] > '9' && b[0] < 'A' {
		b[0] = 'A'
	}
	return string(b)
}

func TestTriesAreLimited(t *testing.T) {
	other := bottest.NewFakeDriver("zalo", bottest.FakeLimits())
	w := newBot(t, bottest.Options{Drivers: []bottest.Driver{other}})
	code := w.conduct(t, "binh")
	for i := range 5 {
		got := w.saysOn(t, other, "eve", code, fmt.Sprintf("091234560%d", i))
		if !strings.Contains(got, "không khớp") {
			t.Fatalf("try %d: %s", i, got)
		}
	}
	if got := w.saysOn(t, other, "eve", code, "0912345678"); !strings.Contains(got, "vừa được thử nhiều lần") || !strings.Contains(got, "09:30") {
		t.Errorf("the sixth try, with the right number: %s", got)
	}
	if got := w.saysOn(t, other, "binh", code, "0912345678"); !strings.Contains(got, "nơi đầu mối đang đọc") {
		t.Errorf("another person: %s", got)
	}
	w.Clock.Add(61 * time.Minute)
	if got := w.saysOn(t, other, "eve", code, "0912345678"); !strings.Contains(got, "nơi đầu mối đang đọc") {
		t.Errorf("an hour later: %s", got)
	}
}

// TestTriesOfACodeAreLimitedWhoeverMakesThem: a new chat costs nothing, and codes are no
// secret of the citizen alone: they stand in the public register and in mails to bodies.
func TestTriesOfACodeAreLimitedWhoeverMakesThem(t *testing.T) {
	other := bottest.NewFakeDriver("zalo", bottest.FakeLimits())
	w := newBot(t, bottest.Options{Drivers: []bottest.Driver{other}})
	code := w.conduct(t, "binh")
	for i := range 10 {
		if got := w.saysOn(t, other, fmt.Sprint("eve", i/4), code, fmt.Sprintf("09123456%02d", i)); !strings.Contains(got, "không khớp") {
			t.Fatalf("try %d: %s", i, got)
		}
	}
	if got := w.saysOn(t, other, "eve9", code, "0912345678"); !strings.Contains(got, "vừa được thử nhiều lần") {
		t.Errorf("a new chat tries the right number: %s", got)
	}
	if got := w.says(t, "binh", code); !strings.Contains(got, "nơi đầu mối đang đọc") {
		t.Errorf("the holder needs no tries: %s", got)
	}
	w.Clock.Add(61 * time.Minute)
	if got := w.saysOn(t, other, "eve9", code, "0912345678"); !strings.Contains(got, "nơi đầu mối đang đọc") {
		t.Errorf("an hour later: %s", got)
	}
}

// TestMyCasesInPages lists more than a page and leads back.
func TestMyCasesInPages(t *testing.T) {
	w := newBot(t, bottest.Options{})
	w.setTerm(t, cases.KeyOpenPerPerson, "50")
	w.setTerm(t, cases.KeyDayPerPerson, "50")
	for i := range 12 {
		w.lamp(t, "an", fmt.Sprintf("đèn đường số %d hỏng ở phường Thành Đông không ai sửa", i))
	}
	first := w.says(t, "an", "/viec")
	second := w.says(t, "an", "[Cũ hơn]")
	if n := strings.Count(first, "•"); n != 10 {
		t.Errorf("%d cases on the first page: %s", n, first)
	}
	if n := strings.Count(second, "•"); n != 2 || !strings.Contains(second, "trang 2") {
		t.Errorf("%d cases on the second page: %s", n, second)
	}
	if back := w.says(t, "an", "[Mới hơn]"); back != first {
		t.Errorf("back on the first page: %s", back)
	}
}

func (w *world) setTerm(t testing.TB, key, value string) {
	t.Helper()
	owner := cases.Actor{Kind: cases.Officer, Via: "console", Officer: bot.Officer{ID: 9, Name: "Owner", Active: true, Grants: []bot.Grant{{Role: bot.RoleOwner}}}}
	err := w.Works.Do(t.Context(), func(ctx context.Context, u *bot.Work) error { return w.desk.SetTerm(ctx, u, owner, key, value, "test") })
	if err != nil {
		t.Fatal(err)
	}
}

// TestFloodsAreToldKindly: the sixth open case is not taken, and the draft is still there.
func TestFloodsAreToldKindly(t *testing.T) {
	w := newBot(t, bottest.Options{})
	for i := range 5 {
		w.lamp(t, "an", fmt.Sprintf("đèn đường số %d hỏng ở phường Thành Đông không ai sửa", i))
	}
	got := w.says(t, "an", "rác chất đống ở phường Thành Đông", "[Đúng]", "[Bỏ qua]", "[Hôm nay]", "[Bỏ qua]", "[Không công khai]", "[Gửi]")
	if !strings.Contains(got, "5 phản ánh chưa xong") {
		t.Errorf("the sixth: %s", got)
	}
	if n := w.count(t, `select count(*) from complaints_cases`); n != 5 {
		t.Errorf("%d cases", n)
	}
	w.says(t, "an", "/viec", "[Gửi]") // an old button: the review is asked again, nothing is lost
	if n := w.count(t, `select count(*) from complaints_cases`); n != 5 {
		t.Errorf("%d cases after another press", n)
	}
}

// TestSimilarAnswersAreShown before the same is sent again, two of them.
func TestSimilarAnswersAreShown(t *testing.T) {
	w := newBot(t, bottest.Options{})
	for i := range 3 {
		w.similar = append(w.similar, register.Published{Title: fmt.Sprintf("Đèn đường %d", i), Path: fmt.Sprintf("/cong-khai/C%d", i)})
	}
	got := w.says(t, "an", lampWords, "[Đúng]", "[Bỏ qua]", "[Hôm nay]", "[Bỏ qua]", "[Không công khai]")
	if !strings.Contains(got, "Việc tương tự đã có trả lời: Đèn đường 0 https://hoidap.example/cong-khai/C0") || strings.Count(got, "tương tự") != 2 {
		t.Errorf("the review: %s", got)
	}
}

// TestForAVisitor: only a known officer may; consent is kept with its words.
func TestForAVisitor(t *testing.T) {
	w := newBot(t, bottest.Options{})
	if got := w.says(t, "an", "/tiepdan"); !strings.Contains(got, "dành cho cán bộ") {
		t.Errorf("a citizen: %s", got)
	}
	w.says(t, "officer", "chào")
	var person int64
	if err := w.DB.Read().QueryRowContext(t.Context(), `select max(person) from contacts`).Scan(&person); err != nil {
		t.Fatal(err)
	}
	_, err := w.Store.SaveOfficer(t.Context(), bot.Officer{
		Person: bot.PersonID(person), Name: "Lan", Email: "lan@example.vn", Active: true, Grants: []bot.Grant{{Role: bot.RoleController}},
	}, "test")
	if err != nil {
		t.Fatal(err)
	}
	if got := w.says(t, "officer", "/tiepdan", "[Không đồng ý]"); !strings.Contains(got, "Chưa ghi gì") {
		t.Errorf("without consent: %s", got)
	}
	got := w.says(t, "officer", "/tiepdan", "[Người dân đồng ý]", "[Một nơi có vấn đề]", lampWords, "1", "[Bỏ qua]", "[Hôm nay]", "[Bỏ qua]",
		"Trần Thị Hoa", "0987654321", "[Không công khai]", "[Gửi]")
	if !strings.Contains(got, "ghi vào phiếu") || !strings.Contains(got, "số điện thoại vừa ghi") {
		t.Fatalf("filed for a visitor: %s", got)
	}
	if n := w.count(t, `select count(*) from complaints_cases where on_behalf and filed_by > 0`); n != 1 {
		t.Errorf("%d cases on behalf", n)
	}
}

// TestRatingIsAskedAndReminded: some days after the answer, once and once more.
func TestRatingIsAskedAndReminded(t *testing.T) {
	w := newBot(t, bottest.Options{})
	w.lamp(t, "an", lampWords)
	w.says(t, "office", "/office accept", "/office submit Đã thay bóng đèn.", "/office approve")
	w.says(t, "an", "ok")
	an := bottest.Citizen{Name: "an"}
	for _, step := range []struct {
		wait time.Duration
		want string
	}{{2 * 24 * time.Hour, ""}, {25 * time.Hour, "đã được giải quyết chưa ạ?"}, {24 * time.Hour, ""}, {4 * 24 * time.Hour, "chỉ hỏi thêm lần này"}, {24 * time.Hour, ""}} {
		w.Clock.Add(step.wait)
		w.jobs(t)
		if got := w.heard(w.Driver, an); step.want == "" && got != "" || !strings.Contains(got, step.want) {
			t.Errorf("after %s: %q, want %q", step.wait, got, step.want)
		}
	}
	if got := w.says(t, "an", "chưa giải quyết"); !strings.Contains(got, "thấy việc giải quyết thế nào") {
		t.Errorf("a typed word: %s", got)
	}
}

func (w *world) jobs(t testing.TB) {
	t.Helper()
	for _, run := range []func(context.Context, *bot.Works) error{w.desk.RunReminders, w.desk.RunSettle} {
		if err := run(t.Context(), w.Works); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestLateIsToldOnce: an apology that names who has it, when the promised day has passed.
func TestLateIsToldOnce(t *testing.T) {
	w := newBot(t, bottest.Options{})
	w.lamp(t, "an", lampWords)
	an := bottest.Citizen{Name: "an"}
	told := 0
	for range 20 {
		w.Clock.Add(24 * time.Hour)
		w.jobs(t)
		got := w.heard(w.Driver, an)
		if strings.Contains(got, "quá hạn trả lời") {
			told++
			if !strings.Contains(got, "Xin lỗi anh/chị") || !strings.Contains(got, "Phòng Kinh tế") {
				t.Errorf("late: %s", got)
			}
		}
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}

// TestSilenceEndsAndAnAnswerReopens: a question without an answer ends the case,
// with a word before and after, and a late answer opens it again.
func TestSilenceEndsAndAnAnswerReopens(t *testing.T) {
	w := newBot(t, bottest.Options{})
	w.lamp(t, "an", lampWords)
	w.says(t, "office", "/office accept", "/office ask Cột đèn số mấy?")
	an := bottest.Citizen{Name: "an"}
	if got := w.heard(w.Driver, an); !strings.Contains(got, "Cột đèn số mấy?") {
		t.Errorf("asked: %s", got)
	}
	var all string
	for range 15 {
		w.Clock.Add(24 * time.Hour)
		w.jobs(t)
		all += w.heard(w.Driver, an) + "\n"
	}
	if !strings.Contains(all, "vẫn đang chờ anh/chị trả lời") || !strings.Contains(all, "tạm kết thúc") {
		t.Errorf("silence: %s", all)
	}
	got := w.says(t, "an", "bổ sung", "Cột số 12.", "[Gửi]")
	if !strings.Contains(got, "Đã bổ sung") {
		t.Errorf("a late answer: %s", got)
	}
	if n := w.count(t, `select count(*) from complaints_cases where state = 'accepted'`); n != 1 {
		t.Error("the case is not open again")
	}
}

// TestAccusedByTheNameOfAFile: a file is called what is not taken as a text either.
func TestAccusedByTheNameOfAFile(t *testing.T) {
	w := newBot(t, bottest.Options{})
	an := bottest.Citizen{Name: "an"}
	w.says(t, "an", lampWords, "[Đúng]", "[Bỏ qua]", "[Hôm nay]")
	w.does(t, w.Driver, an, bottest.Input{Media: bot.Document, FileName: "to-khai.pdf"})
	if got := w.heard(w.Driver, an); strings.Contains(got, "tố cáo") {
		t.Fatalf("an ordinary file: %s", got)
	}
	w.does(t, w.Driver, an, bottest.Input{Media: bot.Document, FileName: "Tố_cáo-ông_Zebra-nhận_hối_lộ.pdf"})
	if got := w.heard(w.Driver, an); !strings.Contains(got, "Việc tố cáo không gửi qua đây được") || !strings.Contains(got, "Phản ánh đang viết dở") {
		t.Errorf("a file whose name accuses: %s", got)
	}
	if n := w.count(t, `select count(*) from complaints_files`) + w.count(t, `select count(*) from media_items`); n != 0 {
		t.Errorf("%d files are kept", n)
	}
}

// TestAccusedInPieces: what two messages say together is dropped before it is filed.
func TestAccusedInPieces(t *testing.T) {
	w := newBot(t, bottest.Options{})
	got := w.says(t, "an", "/phananh", "[Cán bộ, cơ quan]", "Hồ sơ của tôi bị giữ lại ba tháng. Ông trưởng thôn tên là Zebra", "1", "hôm qua")
	if strings.Contains(got, "tố cáo") {
		t.Skip("the first message is an accusation by itself")
	}
	w.does(t, w.Driver, bottest.Citizen{Name: "an"}, bottest.Input{Media: bot.Photo, Text: "ông ấy nhận phong bì của dân"})
	if got := w.heard(w.Driver, bottest.Citizen{Name: "an"}); !strings.Contains(got, "Phản ánh đang viết dở") || strings.Contains(got, "Zebra") {
		t.Errorf("a caption that accuses: %s", got)
	}
	if n := w.count(t, `select count(*) from complaints_cases`) + w.count(t, `select count(*) from complaints_files`) + w.count(t, `select count(*) from media_items`); n != 0 {
		t.Errorf("%d cases and files are left", n)
	}
}

// TestARefusedFileIsTold: a file that is not what it says is told once it was fetched.
func TestARefusedFileIsTold(t *testing.T) {
	w := newBot(t, bottest.Options{})
	w.says(t, "an", lampWords, "[Đúng]", "[Bỏ qua]", "[Hôm nay]")
	an := bottest.Citizen{Name: "an"}
	w.does(t, w.Driver, an, bottest.Input{Media: bot.Photo, FileName: "anh.jpg", File: []byte("MZ this is a program")})
	got := w.heard(w.Driver, an)
	if err := w.Media.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got += w.heard(w.Driver, an); !strings.Contains(got, "chưa dùng được") {
		t.Errorf("told: %q", got)
	}
}

// TestExportAndForget: a citizen gets everything, and is then in none of it.
func TestExportAndForget(t *testing.T) {
	w := newBot(t, bottest.Options{})
	code := w.conduct(t, "binh")
	var person bot.PersonID
	if err := w.DB.Read().QueryRowContext(t.Context(), `select max(person) from contacts`).Scan(&person); err != nil {
		t.Fatal(err)
	}
	f := w.feature(t, "complaints")
	err := w.Works.Do(t.Context(), func(ctx context.Context, u *bot.Work) error {
		tx, err := u.Tx(ctx)
		if err != nil {
			return err
		}
		records, err := f.Export(ctx, tx, person)
		if err != nil {
			return err
		}
		if all := fmt.Sprint(records); len(records) != 1 || !strings.Contains(all, code) || !strings.Contains(all, "Nguyễn Văn Bình") {
			t.Errorf("exported: %s", all)
		}
		return f.Forget(ctx, tx, person)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.says(t, "binh", "/viec"); !strings.Contains(got, "chưa gửi phản ánh nào") {
		t.Errorf("after forgetting: %s", got)
	}
	if n := w.count(t, `select count(*) from complaints_cases`); n != 1 {
		t.Errorf("%d case files", n)
	}
}

func (w *world) feature(t testing.TB, name string) bot.Feature {
	t.Helper()
	for _, f := range w.Features {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no feature %s", name)
	return bot.Feature{}
}

// TestSubmitSurvivesACrash: the process dies at every point of the submit; there
// is one case and one code in the end.
func TestSubmitSurvivesACrash(t *testing.T) {
	for _, p := range bottest.Points {
		t.Run(strings.ReplaceAll(string(p), " ", "_"), func(t *testing.T) {
			t.Parallel()
			w := newBot(t, bottest.Options{})
			w.says(t, "an", lampWords, "[Đúng]", "[Bỏ qua]", "[Hôm nay]", "[Bỏ qua]", "[Không công khai]")
			an := bottest.Citizen{Name: "an"}
			w.Faults.CrashAt(p, 1)
			for tries := 0; ; tries++ {
				err := w.Driver.Do(t.Context(), an, bottest.Input{Press: "Gửi"})
				if err == nil && !w.Faults.Dead() {
					break
				}
				if tries == 3 {
					t.Fatal(err)
				}
				if err := w.Restart(); err != nil {
					t.Fatal(err)
				}
				w.Clock.Add(3 * time.Minute)
				if err := w.Settle(t.Context()); err != nil {
					t.Fatal(err)
				}
				if w.count(t, `select count(*) from complaints_cases`) > 0 {
					break
				}
			}
			if n := w.count(t, `select count(*) from complaints_cases`); n != 1 {
				t.Errorf("%d cases", n)
			}
			if got := w.says(t, "an", "/viec"); strings.Count(got, "•") != 1 {
				t.Errorf("the citizen sees %s", got)
			}
		})
	}
}
