package cases_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
	"cchcbot/knowledge/vietnamese"
)

// shapes are the ways in which a word could stand in a file.
func shapes(word string) map[string][]byte {
	var wide []byte
	for _, u := range utf16.Encode([]rune(word)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	return map[string][]byte{"raw": []byte(word), "lower": []byte(strings.ToLower(word)), "folded": []byte(vietnamese.Fold(word)),
		"UTF-16": wide, "hexadecimal": []byte(hex.EncodeToString([]byte(word)))}
}

// files are all bytes of the database.
func files(t *testing.T, path string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	names, err := filepath.Glob(path + "*")
	must(t, err)
	for _, name := range names {
		b, err := os.ReadFile(name)
		must(t, err)
		out[filepath.Base(name)] = b
	}
	if len(out["bot.db"]) == 0 {
		t.Fatal("the database is not where this test looks")
	}
	return out
}

func holds(t *testing.T, path string, part []byte) bool {
	t.Helper()
	for _, data := range files(t, path) {
		// A long value is cut into pages: its pieces are looked for.
		if bytes.Contains(data, part[:min(len(part), 64)]) || len(part) > 64 && bytes.Contains(data, part[len(part)-64:]) {
			return true
		}
	}
	return false
}

// TestASealedCaseIsNowhereAndThenNothing: a denunciation found late is hidden at
// once, from everybody but the liaison; handed over and purged it leaves no byte.
func TestASealedCaseIsNowhereAndThenNothing(t *testing.T) {
	const word, later, name = "Zwxquvmarker", "Jfzplqlater", "Zwxqname"
	path := filepath.Join(t.TempDir(), "bot.db")
	h := openAt(t, path)
	h.desk.Listen(func(ctx context.Context, w *bot.Work, e cases.Event) error {
		tx, err := w.Tx(ctx)
		if err != nil {
			return err
		}
		if e.Case.State.Hidden() {
			if _, err := h.desk.BodyIn(ctx, tx, e.Case.ID); err == nil {
				t.Error("a listener reads a hidden case")
			}
			return nil
		}
		b, err := h.desk.BodyIn(ctx, tx, e.Case.ID)
		if err != nil {
			return err
		}
		w.Send(bot.Outgoing{To: bot.Address{Channel: "mail", Chat: "a@b.vn"}, Reply: bot.Reply{Text: b.What}, Thing: cases.Thing(e.Case.Code)})
		return nil
	})
	d := scene()
	d.Kind, d.Field = cases.Petition, "xay-dung"
	d.Contact = cases.Contact{Name: "Nguyễn " + name, Phone: "0912345678"}
	d.What = strings.Repeat("ông ấy nhận tiền "+word+". ", 60)
	c := h.open(d)
	c = h.do(c.ID, front, cases.Command{Action: cases.Forward, Agency: commune})
	add := full(cases.Add)
	add.Text = "còn nữa " + later
	h.do(c.ID, citizen, add)
	h.do(c.ID, clerk, full(cases.Accept))
	h.do(c.ID, clerk, full(cases.Submit))

	find := func() (found int) {
		for _, f := range []cases.Filter{{}, {Words: word}, {Words: later}, {Words: c.Code}, {Agencies: []string{commune}}, {AtDesk: true}, {States: []cases.State{cases.Sealed}}} {
			p, err := h.desk.List(t.Context(), f)
			must(t, err)
			found += len(p.Cases)
		}
		return found
	}
	if find() < 5 {
		t.Fatalf("before it is sealed it is found %d times", find())
	}
	var parts [][]byte
	for _, q := range []string{`select body from complaints_bodies`, `select words from complaints_entries where action = 'add'`, `select payload from outbox where payload is not null order by id limit 1`,
		`select body from complaints_drafts`} {
		var part []byte
		must(t, h.db.Read().QueryRow(q).Scan(&part))
		parts = append(parts, part)
	}
	for i, part := range parts {
		if !holds(t, path, part) {
			t.Fatalf("sealed part %d is in no file: this test looks in the wrong place", i)
		}
	}

	h.do(c.ID, clerk, full(cases.Seal))
	if n := find(); n != 0 {
		t.Errorf("sealed, it is found %d times", n)
	}
	for _, a := range []cases.Actor{clerk, head, front} {
		if _, err := h.desk.Get(t.Context(), c.ID, a); !bot.IsCode(err, bot.NotFound) {
			t.Errorf("%s sees it: %v", a.Ref(), err)
		}
		if _, err := h.desk.Body(t.Context(), c.ID, a); !bot.IsCode(err, bot.NotFound) {
			t.Errorf("%s reads it: %v", a.Ref(), err)
		}
	}
	if own, err := h.desk.Get(t.Context(), c.ID, citizen); err != nil || own.State != cases.Sealed || own.Field != "" || own.Lead != "" {
		t.Errorf("the citizen sees %+v (%v)", own, err)
	}
	if tally, err := h.desk.Tally(t.Context(), nil); err != nil || len(tally) != 0 {
		t.Errorf("statistics know %v (%v)", tally, err)
	}
	list, err := h.desk.SealedCases(t.Context(), liaison)
	must(t, err)
	if len(list) != 1 {
		t.Errorf("the liaison sees %d", len(list))
	}
	if _, err := h.desk.SealedCases(t.Context(), front); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("the front desk sees what is sealed: %v", err)
	}
	if b, err := h.desk.Body(t.Context(), c.ID, liaison); err != nil || !strings.Contains(b.What, word) {
		t.Errorf("the liaison reads %q (%v)", b.What, err)
	}
	var waiting int
	must(t, h.db.Read().QueryRow(`select count(*) from outbox where payload is not null`).Scan(&waiting))
	if waiting != 0 {
		t.Errorf("%d messages about it are still there", waiting)
	}
	if _, err := h.try(c.ID, liaison, full(cases.Purge)); !bot.IsCode(err, bot.Invalid) {
		t.Errorf("purged without being handed over: %v", err)
	}
	h.do(c.ID, liaison, full(cases.HandOver))
	h.do(c.ID, liaison, full(cases.Purge))

	h.store.Scrub(t.Context())
	must(t, h.db.Checkpoint(t.Context()))
	for _, w := range []string{word, later, name} {
		for shape, b := range shapes(w) {
			for file, data := range files(t, path) {
				if bytes.Contains(data, b) {
					t.Errorf("%s holds %s, %s", file, w, shape)
				}
			}
		}
	}
	for i, part := range parts {
		if holds(t, path, part) {
			t.Errorf("sealed part %d is still in a file", i)
		}
	}
	if sealed, purged, err := h.desk.Hidden(t.Context()); err != nil || sealed != 0 || purged != 1 {
		t.Errorf("%d sealed, %d purged (%v)", sealed, purged, err)
	}
	if mine, _, err := h.desk.ByHolder(t.Context(), 7, 0); err != nil || len(mine) != 0 {
		t.Errorf("the citizen's list: %v (%v)", mine, err)
	}
}

// TestUnsealing: it was none. It begins at the front desk again, and is found again.
func TestUnsealing(t *testing.T) {
	h := open(t)
	c := h.open(scene())
	h.do(c.ID, clerk, full(cases.Seal))
	c = h.do(c.ID, liaison, full(cases.Unseal))
	if k, ok := c.Next(); c.State != cases.Received || !ok || k.Step != cases.StepForward {
		t.Errorf("%s, next %v", c.State, k.Step)
	}
	if k, ok := c.Clock(cases.StepCitizen); !ok || !k.Started.Equal(c.Filed) {
		t.Error("the citizen's waiting began anew")
	}
	p, err := h.desk.List(t.Context(), cases.Filter{Words: "cạnh chợ"})
	must(t, err)
	if len(p.Cases) != 1 {
		t.Errorf("found %d", len(p.Cases))
	}
}

// TestNoTextInTheClear looks for what a citizen wrote in an ordinary case.
func TestNoTextInTheClear(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bot.db")
	h := openAt(t, path)
	d := conduct()
	d.What, d.Place.Text, d.Place.Landmark = "chờ Zwxqtext từ sáng", "số 5 Zwxqstreet", "gần Zwxqmark"
	c := h.open(d)
	h.do(c.ID, front, cases.Command{Action: cases.Forward, Agency: "hp-so-noi-vu", Reason: "Zwxqreason"})
	add := full(cases.Add)
	add.Text = "thêm Zwxqadded"
	h.do(c.ID, citizen, add)
	for _, w := range []string{"Zwxqtext", "Zwxqstreet", "Zwxqmark", "Zwxqname", "Zwxqreason", "Zwxqadded", "912 345", "912345678", "Cán bộ 3"} {
		for shape, b := range shapes(w) {
			for file, data := range files(t, path) {
				if bytes.Contains(data, b) {
					t.Errorf("%s holds %s, %s", file, w, shape)
				}
			}
		}
	}
}
