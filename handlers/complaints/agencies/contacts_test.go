package agencies

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"go.uber.org/goleak"

	"cchcbot/bot"
	"cchcbot/bot/bottest"
	"cchcbot/bot/email"
	"cchcbot/bot/web"
	"cchcbot/bot/words"
	"cchcbot/knowledge/directory"
	"cchcbot/knowledge/vietnamese"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var province = sync.OnceValues(func() (*directory.Directory, error) { return directory.Load(directory.Options{}) })

// bodies of the tests, in office in 2026.
const (
	unknown = "xa25.ubnd@99999"
)

// catalogs is every text of the feature, as the program loads it.
func catalogs(t testing.TB) *words.Words {
	t.Helper()
	sources := []fs.FS{words.Shared(), web.Texts(), os.DirFS("..")}
	w, err := words.Load(sources...)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// shelf is a book on a database of its own.
type shelf struct {
	*Exchange
	bot  *bottest.Bot
	body []*directory.Agency // some bodies in office
}

func newShelf(t testing.TB) *shelf {
	t.Helper()
	all, err := province()
	if err != nil {
		t.Fatal(err)
	}
	b := bottest.New(t, bottest.Options{Features: []bot.Feature{{Name: "complaints", Schema: Schema()}}})
	dir := func() *directory.Directory { return all.At(b.Clock.Now()) }
	book, err := NewBook(BookOptions{
		Read: b.DB.Read(), Sealer: b.Sealer, Directory: dir, Fold: vietnamese.Fold, Clean: vietnamese.Clean, Now: b.Clock.Now, ValidAddress: email.ValidAddress,
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &shelf{Exchange: &Exchange{Book: book, Works: b.Works, Texts: catalogs(t), Langs: words.Langs[:]}, bot: b}
	for _, p := range dir().Places(directory.Commune2025) {
		if o, ok := dir().Office(p); ok && o.Committee != nil && len(s.body) < 5 {
			s.body = append(s.body, o.Committee)
		}
	}
	return s
}

// do runs f in a unit of work.
func (s *shelf) do(t testing.TB, f func(ctx context.Context, tx bot.Tx) error) error {
	t.Helper()
	return s.Works.Do(t.Context(), func(ctx context.Context, w *bot.Work) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		return f(ctx, tx)
	})
}

func (s *shelf) save(t testing.TB, c Contact) (out Contact, o Outcome, err error) {
	t.Helper()
	err = s.do(t, func(ctx context.Context, tx bot.Tx) error {
		out, o, err = s.Book.Save(ctx, tx, c)
		return err
	})
	return out, o, err
}

// key is the text key of an error that people read.
func key(err error) string {
	var e *bot.Error
	if errors.As(err, &e) {
		return e.Key
	}
	return fmt.Sprint(err)
}

func TestContactsAreSavedChangedAndChecked(t *testing.T) {
	s := newShelf(t)
	an := Contact{Body: s.body[0].ID, Role: Officer, Name: " Lê  An ", Email: "an@haiphong.gov.vn", Phone: "0220 3 888 888", Active: true}
	saved, outcome, err := s.save(t, an)
	if err != nil || outcome != Added || saved.Name != "Lê An" || saved.ID == 0 {
		t.Fatalf("%+v, %s, %v", saved, outcome, err)
	}
	if _, outcome, err = s.save(t, an); err != nil || outcome != Unchanged {
		t.Errorf("the same again: %s, %v", outcome, err)
	}
	moved := saved
	moved.Email = "an.le@haiphong.gov.vn"
	if err := s.do(t, func(ctx context.Context, tx bot.Tx) error { return s.Book.markVerified(ctx, tx, saved.ID) }); err != nil {
		t.Fatal(err)
	}
	if moved, outcome, err = s.save(t, moved); err != nil || outcome != Changed || !moved.Verified.IsZero() || moved.Epoch != saved.Epoch+1 {
		t.Errorf("a new address: %+v, %s, %v; it must be confirmed anew and the old links must die", moved, outcome, err)
	}
	if _, _, err := s.save(t, Contact{Body: s.body[0].ID, Role: Leader, Name: "Bình", Email: "binh@x.vn", Active: true}); err != nil {
		t.Fatal(err)
	}
	twin := moved
	twin.Email = "BINH@x.vn"
	if _, _, err := s.save(t, twin); key(err) != "complaints.agency_contact_twice" {
		t.Errorf("the address of a colleague: %v", err)
	}
	for name, tt := range map[string]struct {
		change func(*Contact)
		want   string
	}{
		"no body":                 {func(c *Contact) { c.Body = unknown }, "complaints.agency_contact_no_body"},
		"a template":              {func(c *Contact) { c.Body = "xa25.ubnd" }, "complaints.agency_contact_no_body"},
		"a dissolved one":         {func(c *Contact) { c.Body = "so-tu-phap" }, "complaints.agency_contact_ended_body"},
		"no name":                 {func(c *Contact) { c.Name = " \n" }, "complaints.agency_contact_no_name"},
		"a long name":             {func(c *Contact) { c.Name = strings.Repeat("ă", 101) }, "complaints.agency_contact_no_name"},
		"no role":                 {func(c *Contact) { c.Role = "boss" }, "complaints.agency_contact_no_role"},
		"no address":              {func(c *Contact) { c.Email = "an" }, "complaints.agency_contact_no_email"},
		"two addresses":           {func(c *Contact) { c.Email = "a@x.vn,b@x.vn" }, "complaints.agency_contact_no_email"},
		"a header":                {func(c *Contact) { c.Email = "a@x.vn\r\nBcc:b@x.vn" }, "complaints.agency_contact_no_email"},
		"a name in it":            {func(c *Contact) { c.Email = "An <a@x.vn>" }, "complaints.agency_contact_no_email"},
		"marks in it":             {func(c *Contact) { c.Email = "ân@x.vn" }, "complaints.agency_contact_no_email"},
		"no domain":               {func(c *Contact) { c.Email = "a@localhost" }, "complaints.agency_contact_no_email"},
		"an address of digits":    {func(c *Contact) { c.Email = "vp@[10.0.0.1]" }, "complaints.agency_contact_no_email"},
		"a name with _":           {func(c *Contact) { c.Email = "vp@ubnd_xa.haiphong.gov.vn" }, "complaints.agency_contact_no_email"},
		"70 letters before the @": {func(c *Contact) { c.Email = strings.Repeat("a", 70) + "@x.vn" }, "complaints.agency_contact_no_email"},
		"a phone of text":         {func(c *Contact) { c.Phone = "gọi tôi" }, "complaints.agency_contact_no_phone"},
		"gone":                    {func(c *Contact) { c.ID = 999 }, "complaints.agency_contact_gone"},
	} {
		c := an
		c.Email = "other@x.vn"
		tt.change(&c)
		if _, _, err := s.save(t, c); key(err) != tt.want {
			t.Errorf("%s: %v, want %s", name, key(err), tt.want)
		}
	}
}

func TestAStandInHearsInsteadWhileSomebodyIsAway(t *testing.T) {
	s := newShelf(t)
	add := func(body, name string, role Role) Contact {
		c, _, err := s.save(t, Contact{Body: body, Role: role, Name: name, Email: name + "@x.vn", Active: true})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	an, binh, cuc := add(s.body[0].ID, "an", Leader), add(s.body[0].ID, "binh", Officer), add(s.body[1].ID, "cuc", Officer)
	away := func(id, standIn int64, days int) error {
		return s.do(t, func(ctx context.Context, tx bot.Tx) error {
			return s.Book.SetAway(ctx, tx, id, standIn, s.bot.Clock.Now().AddDate(0, 0, days))
		})
	}
	hears := func(role Role) string {
		people, err := s.Book.Of(t.Context(), s.bot.DB.Read(), s.body[0].ID, role)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, c := range people {
			names = append(names, c.Name)
		}
		return strings.Join(names, " ")
	}
	for name, tt := range map[string]struct {
		id, standIn int64
		days        int
		want        string
	}{
		"himself":             {an.ID, an.ID, 5, "complaints.agency_contact_no_stand_in"},
		"of another body":     {an.ID, cuc.ID, 5, "complaints.agency_contact_no_stand_in"},
		"nobody there":        {an.ID, 999, 5, "complaints.agency_contact_no_stand_in"},
		"until yesterday":     {an.ID, binh.ID, -1, "complaints.agency_contact_no_day"},
		"for ten years":       {an.ID, binh.ID, 3650, "complaints.agency_contact_no_day"},
		"of somebody unknown": {999, binh.ID, 5, "complaints.agency_contact_no_stand_in"},
	} {
		if err := away(tt.id, tt.standIn, tt.days); key(err) != tt.want {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	if got := hears(Leader); got != "an" {
		t.Errorf("before: %q", got)
	}
	if err := away(an.ID, binh.ID, 5); err != nil {
		t.Fatal(err)
	}
	if got := hears(Leader); got != "binh" {
		t.Errorf("while away: %q", got)
	}
	s.bot.Clock.Add(6 * 24 * time.Hour)
	if got := hears(Leader); got != "an" {
		t.Errorf("after: %q", got)
	}
	if err := away(an.ID, binh.ID, 5); err != nil {
		t.Fatal(err)
	}
	if err := s.do(t, func(ctx context.Context, tx bot.Tx) error { return s.Book.SetAway(ctx, tx, an.ID, 0, time.Time{}) }); err != nil {
		t.Fatal(err)
	}
	if got := hears(Leader); got != "an" {
		t.Errorf("back early: %q", got)
	}
}

// Nothing of a contact stands readable in the database.
func TestContactsAreSealed(t *testing.T) {
	s := newShelf(t)
	if _, _, err := s.save(t, Contact{Body: s.body[0].ID, Role: Officer, Name: "Dấu Riêng Tư", Email: "dau-rieng@x.vn", Phone: "0912345678", Active: true}); err != nil {
		t.Fatal(err)
	}
	rows, err := s.bot.DB.Read().QueryContext(t.Context(), `select ref || body || role || email_key || hex(profile) from complaints_contacts`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var all string
		if err := rows.Scan(&all); err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"Dấu Riêng", "dau-rieng", "0912345678", fmt.Sprintf("%X", "dau-rieng")} {
			if strings.Contains(all, secret) {
				t.Errorf("%q stands readable in the table", secret)
			}
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// workbook makes a workbook of rows; change may spoil it.
func workbook(t testing.TB, change func(*excelize.File), rows ...[]string) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, r := range rows {
		for j, c := range r {
			at, err := excelize.CoordinatesToCellName(j+1, i+1)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.SetCellStr("Sheet1", at, c); err != nil {
				t.Fatal(err)
			}
		}
	}
	if change != nil {
		change(f)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAWorkbookOfContactsIsImported(t *testing.T) {
	s := newShelf(t)
	// Columns in any order, headings as people write them, names instead of ids.
	book := workbook(t, nil,
		[]string{"Danh sách đầu mối năm 2026"},
		[]string{"STT", "EMAIL", "Họ tên", "Tên đơn vị", "chức vụ", "SĐT", "Ghi chú"},
		[]string{"1", "an@x.vn", "Lê An", s.body[0].Name, "Chủ tịch", "0220.3888.888", "x"},
		[]string{"2", "binh@x.vn", "Bình", strings.ToUpper(s.body[0].Name), "", "", ""},
		[]string{"3", "cuc@x.vn", "Cúc", s.body[1].ID, "một cửa", "", ""},
		[]string{"", "", "", s.body[2].Name, "", "", ""}, // of the list to fill in
		[]string{"", "", "", "", "", "", ""},
		[]string{"4", "dung@x.vn", "Dung", "Sở Không Có", "", "", ""},
		[]string{"5", "an@x.vn", "Lê An", s.body[0].Name, "", "", ""},
		[]string{"6", "khong-phai-email", "Em", s.body[0].Name, "", "", ""},
		[]string{"7", "gi@x.vn", "Gi", s.body[0].Name, "sếp", "", ""},
	)
	for _, tt := range []struct {
		dry                       bool
		added, changed, unchanged int
	}{{true, 3, 0, 0}, {false, 3, 0, 0}, {false, 0, 0, 3}, {true, 0, 0, 3}} {
		r, err := s.Import(t.Context(), bytes.NewReader(book), tt.dry)
		if err != nil {
			t.Fatal(err)
		}
		if r.Added != tt.added || r.Changed != tt.changed || r.Unchanged != tt.unchanged || r.Empty != 1 || len(r.Refused) != 4 {
			t.Errorf("dry %v: %+v, want %+v and 4 rows refused", tt.dry, r, tt)
		}
		want := map[int]string{
			8: "complaints.agency_sheet_unknown_body", 9: "complaints.agency_sheet_twice",
			10: "complaints.agency_contact_no_email", 11: "complaints.agency_sheet_unknown_role",
		}
		for _, x := range r.Refused {
			if x.Sheet != "Sheet1" || want[x.Row] != x.Key {
				t.Errorf("row %d of %s is refused for %s, want %s", x.Row, x.Sheet, x.Key, want[x.Row])
			}
		}
	}
	all, err := s.Book.All(t.Context(), s.body[0].ID)
	if err != nil || len(all) != 2 || all[0].Role != Leader || all[0].Phone != "0220.3888.888" || all[1].Role != Officer {
		t.Errorf("%+v, %v", all, err)
	}
}

// What is exported, imported, changes nothing, and a spreadsheet computes nothing of it.
func TestAnExportIsImportedUnchanged(t *testing.T) {
	s := newShelf(t)
	evil := `=HYPERLINK("http://evil.example","An")`
	for i, name := range []string{evil, "+84", "-1", "@SUM(A1)", "Bình thường"} {
		c := Contact{Body: s.body[i%3].ID, Role: Leader, Name: name, Email: fmt.Sprintf("a%d@x.vn", i), Active: i != 4}
		if _, _, err := s.save(t, c); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := s.Export(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	name := f.GetSheetName(0)
	rows, err := f.GetRows(name)
	if err != nil || len(rows) < 500 {
		t.Fatalf("%d rows, %v: bodies without a contact must be there to be filled in", len(rows), err)
	}
	for i := range rows[:10] {
		at := fmt.Sprintf("C%d", i+1)
		formula, ferr := f.GetCellFormula(name, at)
		kind, kerr := f.GetCellType(name, at)
		if ferr != nil || kerr != nil || formula != "" || kind == excelize.CellTypeFormula {
			t.Errorf("%s computes %q", at, formula)
		}
		if i > 0 && len(rows[i]) > 2 && rows[i][2] != "" && strings.ContainsAny(rows[i][2][:1], "=+-@") {
			t.Errorf("%s begins with what a CSV would compute: %q", at, rows[i][2])
		}
	}
	r, err := s.Import(t.Context(), bytes.NewReader(b.Bytes()), false)
	if err != nil || r.Added+r.Changed != 0 || r.Unchanged != 5 || len(r.Refused) != 0 || r.Empty < 500 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestHostileWorkbooksAreRefused(t *testing.T) {
	s := newShelf(t)
	head := []string{"Cơ quan", "E-mail", "Họ tên"}
	row := []string{s.body[0].ID, "an@x.vn", "An"}
	withPart := func(name, content string) []byte {
		zr, err := zip.NewReader(bytes.NewReader(workbook(t, nil, head, row)), int64(len(workbook(t, nil, head, row))))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		zw := zip.NewWriter(&b)
		for _, p := range zr.File {
			if err := zw.Copy(p); err != nil {
				t.Fatal(err)
			}
		}
		w, err := zw.Create(name)
		if err == nil {
			_, err = w.Write([]byte(content))
		}
		if err = errors.Join(err, zw.Close()); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	good := workbook(t, nil, head, row)
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":         {nil, "complaints.agency_sheet_broken"},
		"no workbook":     {[]byte("Cơ quan;E-mail"), "complaints.agency_sheet_broken"},
		"half a workbook": {good[:len(good)/2], "complaints.agency_sheet_broken"},
		"an empty zip":    {[]byte("PK\x05\x06" + strings.Repeat("\x00", 18)), "complaints.agency_sheet_broken"},
		"a formula": {workbook(t, func(f *excelize.File) {
			if err := f.SetCellFormula("Sheet1", "C2", `WEBSERVICE("http://evil.example")`); err != nil {
				t.Fatal(err)
			}
		}, head, row), "complaints.agency_sheet_formula"},
		"a macro":        {withPart("xl/vbaProject.bin", "x"), "complaints.agency_sheet_macro"},
		"a bomb":         {withPart("xl/media/x.xml", strings.Repeat("\x00", maxSheetBytes+1)), "complaints.agency_sheet_too_large"},
		"a large file":   {bytes.Repeat([]byte("a"), MaxSheetFile+1), "complaints.agency_sheet_too_large"},
		"no heading":     {workbook(t, nil, row), "complaints.agency_sheet_no_heading"},
		"half a heading": {workbook(t, nil, []string{"E-mail", "Họ tên"}, row), "complaints.agency_sheet_no_heading"},
	} {
		if _, err := s.Import(t.Context(), bytes.NewReader(tt.data), false); key(err) != tt.want {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	if all, err := s.Book.All(t.Context(), ""); err != nil || len(all) != 0 {
		t.Errorf("%d contacts came of it, %v", len(all), err)
	}
}

func FuzzReadSheet(f *testing.F) {
	w, err := loadSheetWords(catalogs(f), words.Langs[:], vietnamese.Fold)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(workbook(f, nil, []string{"Cơ quan", "E-mail"}, []string{"xa25.ubnd@10532", "a@x.vn"}))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := readSheet(t.Context(), bytes.NewReader(data), w)
		if err != nil && !bot.IsCode(err, bot.Invalid) {
			t.Errorf("%v is none of the errors that people read", err)
		}
		for _, r := range rows {
			for c, text := range r.cells {
				if len(text) > maxCell || r.row < 1 {
					t.Errorf("row %d, %s: %d bytes", r.row, c, len(text))
				}
			}
		}
	})
}

func TestBodiesAreFoundAsPeopleWriteThem(t *testing.T) {
	s := newShelf(t)
	d := s.Book.opt.Directory()
	x := newBodyIndex(d, vietnamese.Fold)
	if len(x.list) < 500 {
		t.Fatalf("only %d bodies in office", len(x.list))
	}
	for _, a := range s.body {
		for _, typed := range []string{a.ID, a.Name, strings.ToLower(a.Name), vietnamese.Fold(a.Name), " " + a.Name + "\n"} {
			got, near := x.exact(d, typed)
			if got == nil || got.ID != a.ID {
				t.Errorf("%q leads to %v (near %d)", typed, got, len(near))
			}
		}
	}
	if found := x.search("Ủy ban nhân dân xã", 12); len(found) != 12 {
		t.Errorf("%d bodies for common words, want 12", len(found))
	}
	for _, none := range []string{"", "   ", "khong co co quan nao the nay", strings.Repeat("a ", 50)} {
		if got, near := x.exact(d, none); got != nil || len(near) > 3 {
			t.Errorf("%q leads to %v", none, got)
		}
	}
}
