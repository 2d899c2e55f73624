package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/procedures/entries"
	entryfiles "cchcbot/handlers/procedures/exchange"
	"cchcbot/knowledge"
)

// TestADayToComeTakesNothingAway: a record or an entry that counts from a later day is a proposal for that day; what
// is published is answered until then.
func TestADayToComeTakesNothingAway(t *testing.T) {
	folder := t.TempDir()
	cfg := &Config{Data: filepath.Join(folder, "data")}
	published := func(code string) entries.Record {
		t.Helper()
		d, err := openData(t.Context(), cfg, slog.New(slog.DiscardHandler))
		ok(t, err)
		defer func() { ok(t, d.Close()) }()
		r, err := entries.GetRecord(t.Context(), d.db.Read(), code)
		ok(t, err)
		return r
	}
	run := func(line, want string) {
		t.Helper()
		path := filepath.Join(folder, "moi.jsonl")
		ok(t, os.WriteFile(path, []byte(line+"\n"), 0o600))
		var out, quiet bytes.Buffer
		ok(t, (&ImportCmd{Files: []string{path}}).Run(t.Context(), cfg, streams{out: &out, err: &quiet}))
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s does not say %q:\n%s", line, want, out.String())
		}
	}
	wedding := published("1.000894")
	for _, line := range []string{
		`{"code":"1.000894","name":"Thủ tục đăng ký kết hôn","status":"published","valid_from":"2037-07-01"}`,
		`{"code":"1.000894","name":"Thủ tục đăng ký kết hôn","status":"abolished","valid_to":"2037-08-01"}`,
		`{"code":"1.000894","name":"Thủ tục đăng ký kết hôn","summary":"Mới.","aliases":["đăng ký cưới"],"valid_from":"2037-09-01"}`,
	} {
		line = strings.ReplaceAll(line, "2037", fmt.Sprint(time.Now().Year()+2))
		run(line, "1 proposals")
		run(line, "0 proposals")
		if changed := entries.Compare(wedding.Entry, published("1.000894").Entry); len(changed) > 0 {
			t.Errorf("%s changes at once %v", line, changed)
		}
	}
	run(`{"code":"9.000001","name":"Thủ tục thí dụ","fee":"10.000 đồng"}`, "1 new")
	run(`{"code":"9.000001","name":"Thủ tục thí dụ","fee":"20.000 đồng","valid_from":"`+fmt.Sprint(time.Now().Year()+2)+`-07-01"}`, "1 proposals")
	if e := published("9.000001").Entry; e.Fee != "10.000 đồng" {
		t.Errorf("what counts later counts already: %s", e.Fee)
	}
}

// edit publishes an entry as the console does.
func edit(t testing.TB, d *data, code string, change func(*knowledge.Entry)) {
	t.Helper()
	rec, err := entries.GetRecord(t.Context(), d.db.Read(), code)
	ok(t, err)
	e := entries.Copy(rec.Entry)
	change(e)
	_, moved, err := d.publish(t.Context(), "staff:1", "", []entries.Change{{Entry: e, Origin: entries.OriginEdited, Was: &rec}})
	ok(t, err)
	if len(moved) > 0 {
		t.Fatalf("%v moved", moved)
	}
}

// TestWhatIsPublishedWhileAFileIsReadStays: an import does not undo what an officer published meanwhile, and says so.
func TestWhatIsPublishedWhileAFileIsReadStays(t *testing.T) {
	folder := t.TempDir()
	cfg := &Config{Data: filepath.Join(folder, "data")}
	d, err := openData(t.Context(), cfg, slog.New(slog.DiscardHandler))
	ok(t, err)
	defer func() { ok(t, d.Close()) }()
	file := filepath.Join(folder, "moi.jsonl")
	write := func(fee string) {
		t.Helper()
		ok(t, os.WriteFile(file, []byte(`{"code":"9.000001","name":"Một","fee":"`+fee+`"}`+"\n"+`{"code":"9.000002","name":"Hai","fee":"`+fee+`"}`+"\n"), 0o600))
	}
	write("1.000 đồng")
	var out, quiet bytes.Buffer
	ok(t, (&ImportCmd{Files: []string{file}}).Run(t.Context(), cfg, streams{out: &out, err: &quiet}))
	write("2.000 đồng")
	out.Reset()
	err = (&ImportCmd{Files: []string{file}, reading: func() {
		edit(t, d, "9.000001", func(e *knowledge.Entry) { e.Fee = "5.000 đồng" })
	}}).Run(t.Context(), cfg, streams{out: &out, err: &quiet})
	if err == nil || !strings.Contains(err.Error(), "1 rows were refused") || !strings.Contains(out.String(), "moi.jsonl:1 9.000001: somebody changed the entry") {
		t.Errorf("it is not told: %v\n%s", err, out.String())
	}
	for code, want := range map[string]string{"9.000001": "5.000 đồng", "9.000002": "2.000 đồng"} {
		if e, err := entries.Get(t.Context(), d.db.Read(), code); err != nil || e.Fee != want {
			t.Errorf("%s: %v, %v, want %s", code, e, err, want)
		}
	}
}

// TestTheFileInTheConsoleMeetsAChange: the same for a file that is confirmed in the console.
func TestTheFileInTheConsoleMeetsAChange(t *testing.T) {
	folder := t.TempDir()
	cfg := &Config{Data: filepath.Join(folder, "data")}
	log := slog.New(slog.DiscardHandler)
	d, err := openData(t.Context(), cfg, log)
	ok(t, err)
	defer func() { ok(t, d.Close()) }()
	_, _, err = d.publish(t.Context(), "import", "", []entries.Change{
		{Entry: &knowledge.Entry{Code: "9.000001", Name: "Một"}, Origin: entries.OriginImport, New: true},
		{Entry: &knowledge.Entry{Code: "9.000002", Name: "Hai"}, Origin: entries.OriginImport, New: true},
	})
	ok(t, err)
	book, err := d.files(cfg, log)
	ok(t, err)
	p, err := book.Plan(t.Context(), writer, "moi.jsonl", []byte(`{"code":"9.000001","name":"Một","fee":"2.000 đồng"}`+"\n"+`{"code":"9.000002","name":"Hai","fee":"2.000 đồng"}`+"\n"))
	ok(t, err)
	edit(t, d, "9.000001", func(e *knowledge.Entry) { e.Fee = "5.000 đồng" })
	out, err := book.Carry(t.Context(), writer, p, false)
	ok(t, err)
	if out.AtOnce != 1 || out.Failed != 1 {
		t.Errorf("%+v, want one at once and one failed", out)
	}
	if e, err := entries.Get(t.Context(), d.db.Read(), "9.000001"); err != nil || e.Fee != "5.000 đồng" {
		t.Errorf("what was published meanwhile is gone: %v, %v", e, err)
	}
}

// TestANewProgramSparesImportedWords: a reviewed entry that an operator brought in with a file stays when the program
// has an entry of its code, and the log says so; a record without words gets the program's.
func TestANewProgramSparesImportedWords(t *testing.T) {
	cfg := &Config{Data: filepath.Join(t.TempDir(), "data")}
	log := slog.New(slog.DiscardHandler)
	d, err := openData(t.Context(), cfg, log)
	ok(t, err)
	defer func() { ok(t, d.Close()) }()
	var changes []entries.Change
	for code, summary := range map[string]string{"1.001193": "Lời của người vận hành.", "1.000894": ""} {
		rec, err := entries.GetRecord(t.Context(), d.db.Read(), code)
		ok(t, err)
		e := &knowledge.Entry{Code: code, Name: rec.Entry.Name, Summary: summary}
		if summary != "" {
			e.VerifiedAt, e.VerifiedBy = "2026-07-01", "Ông Thí Dụ"
		}
		changes = append(changes, entries.Change{Entry: e, Origin: entries.OriginImport, Was: &rec})
	}
	_, _, err = d.publish(t.Context(), "import", "", changes)
	ok(t, err)
	ok(t, d.write(t.Context(), func(tx bot.Tx) error { return entries.SetSeed(t.Context(), tx, "of a program before") }))
	var said bytes.Buffer
	ok(t, d.seed(t.Context(), slog.New(slog.NewTextHandler(&said, nil))))
	if e, err := entries.Get(t.Context(), d.db.Read(), "1.001193"); err != nil || e.VerifiedBy != "Ông Thí Dụ" || !strings.HasPrefix(e.Summary, "Lời của") {
		t.Errorf("reviewed words are gone: %+v, %v", e, err)
	}
	if e, err := entries.Get(t.Context(), d.db.Read(), "1.000894"); err != nil || e.Summary == "" {
		t.Errorf("the program's words are not taken in: %v", err)
	}
	if !strings.Contains(said.String(), "1.001193") {
		t.Errorf("nothing is told: %s", said.String())
	}
}

// TestAProposalCarriesTheNewFee: what the record says of the fee stands in the draft, and the day of the data is not that of the
// record while words of ours are older.
func TestAProposalCarriesTheNewFee(t *testing.T) {
	cfg := &Config{Data: filepath.Join(t.TempDir(), "data")}
	log := slog.New(slog.DiscardHandler)
	d, err := openData(t.Context(), cfg, log)
	ok(t, err)
	defer func() { ok(t, d.Close()) }()
	book, err := d.files(cfg, log)
	ok(t, err)
	edit(t, d, "1.001193", func(e *knowledge.Entry) {
		e.Fee, e.Time, e.Methods, e.Updated = "70.000 đồng", "3 ngày", nil, "2026-07-01"
	})
	base, err := entries.Get(t.Context(), d.db.Read(), "1.001193")
	ok(t, err)
	record := func(change func(*knowledge.Entry)) *knowledge.Entry {
		n := entries.Copy(base)
		n.Summary, n.Aliases, n.Cases, n.Mistakes, n.LifeEvents, n.VerifiedAt, n.VerifiedBy = "", nil, nil, nil, nil, "", ""
		change(n)
		return n
	}
	suggest := func(n *knowledge.Entry) *entryfiles.Proposal {
		t.Helper()
		p, err := book.Suggest(t.Context(), base, n)
		ok(t, err)
		if p == nil {
			t.Fatal("nothing is proposed")
		}
		return p
	}
	p := suggest(record(func(n *knowledge.Entry) { n.Updated, n.Fee = "2027-01-05", "Trực tiếp: Phí 140.000 đồng" }))
	if p.Entry.Fee != "Trực tiếp: Phí 140.000 đồng" || p.Entry.Updated != "2027-01-05" {
		t.Errorf("the new fee: %q of %s", p.Entry.Fee, p.Entry.Updated)
	}
	p = suggest(record(func(n *knowledge.Entry) { n.Updated, n.Conditions = "2027-01-05", "Điều kiện mới" }))
	if p.Entry.Updated != base.Updated || p.Entry.Conditions != base.Conditions {
		t.Errorf("words that somebody has to look at seem new: %s", p.Entry.Updated)
	}
	if p := suggest(record(func(n *knowledge.Entry) { n.Updated = "2027-01-05" })); p.Entry.Updated != "2027-01-05" {
		t.Errorf("the same words of a newer record: %s", p.Entry.Updated)
	}
	_, err = book.Compare(t.Context(), record(func(n *knowledge.Entry) { n.Updated, n.Time = "2027-01-05", "Tối đa 3 ngày" }))
	ok(t, err)
	p = suggest(record(func(n *knowledge.Entry) { n.Updated, n.Time = "2027-02-05", "Tối đa 5 ngày" }))
	if p.Entry.Time != "Tối đa 5 ngày" {
		t.Errorf("what the record changed since the one before is not in the draft: %s", p.Entry.Time)
	}
}
