package cases_test

import (
	"testing"
	"time"

	"cchcbot/bot"
	"cchcbot/handlers/complaints/cases"
)

// TestTheSecondPerson: who wrote an answer does not approve it, unless the body is set so.
func TestTheSecondPerson(t *testing.T) {
	both := officer(30, grant(bot.RoleHead, commune))
	for _, tt := range []struct {
		name   string
		terms  cases.Terms
		draft  func() cases.Case
		writer cases.Actor
		state  cases.State // after submitting
		one    bool        // one person wrote and sent it
	}{
		{"a head alone in an ordinary body", nil, nil, both, cases.Drafted, false},
		{"a head alone in a body of one", cases.Terms{cases.KeySolo + ":xa25.kinh-te": "yes"}, nil, both, cases.Answered, true},
		{"an officer in a body of one", cases.Terms{cases.KeySolo: "yes"}, nil, clerk, cases.Drafted, false},
		{"an officer where scenes are answered directly", cases.Terms{cases.KeyDirect: "yes"}, nil, clerk, cases.Answered, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := open(t, func(o *cases.Options) {
				for k, v := range tt.terms {
					o.Terms[k] = v
				}
			})
			c := h.open(scene())
			h.do(c.ID, tt.writer, full(cases.Accept))
			c = h.do(c.ID, tt.writer, full(cases.Submit))
			if c.State != tt.state {
				t.Fatalf("submitted: %s", c.State)
			}
			if c.State == cases.Drafted {
				if _, err := h.try(c.ID, tt.writer, full(cases.Approve)); !bot.IsCode(err, bot.Denied) {
					t.Errorf("approves its own: %v", err)
				}
				h.do(c.ID, head, full(cases.Approve))
			}
			a, err := h.desk.Answers(t.Context(), c.ID, front)
			must(t, err)
			if len(a) != 1 || a[0].OnePerson != tt.one || a[0].Drafted != tt.writer.Ref() {
				t.Errorf("answers %+v", a)
			}
		})
	}
	h := open(t, func(o *cases.Options) { o.Terms[cases.KeyDirect] = "yes" })
	c := h.open(conduct())
	h.do(c.ID, front, cases.Command{Action: cases.Forward, Agency: commune})
	h.do(c.ID, clerk, full(cases.Accept))
	if c = h.do(c.ID, clerk, full(cases.Submit)); c.State != cases.Drafted {
		t.Errorf("the conduct of officials is answered by one person: %s", c.State)
	}
}

// TestAnAnswerIsWhole: what is missing is told, and nothing is kept of it.
func TestAnAnswerIsWhole(t *testing.T) {
	h := open(t)
	d := scene()
	d.Field = "giao-thong"
	c := h.open(d)
	h.do(c.ID, front, cases.Command{Action: cases.Bind, Agency: commune})
	h.do(c.ID, clerk, full(cases.Accept))
	for name, change := range map[string]func(*cases.Command){
		"no text":     func(c *cases.Command) { c.Text = "" },
		"a point":     func(c *cases.Command) { c.Check.EveryPoint = false },
		"a next step": func(c *cases.Command) { c.Check.NextStep = false },
		"no photo":    func(c *cases.Command) { c.Media, c.Reason = nil, "" },
	} {
		cmd := full(cases.Submit)
		change(&cmd)
		if _, err := h.try(c.ID, clerk, cmd); !bot.IsCode(err, bot.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := h.desk.Pending(t.Context(), c.ID, clerk); !bot.IsCode(err, bot.NotFound) {
			t.Errorf("%s: kept all the same (%v)", name, err)
		}
	}
	cmd := full(cases.Submit)
	cmd.Media = nil // with a reason why there is none
	h.do(c.ID, clerk, cmd)

	rule := h.open(conduct())
	h.do(rule.ID, front, cases.Command{Action: cases.Forward, Agency: commune})
	h.do(rule.ID, clerk, full(cases.Accept))
	cmd = full(cases.Submit)
	cmd.Check.BasisText = ""
	if _, err := h.try(rule.ID, clerk, cmd); !bot.IsCode(err, bot.Invalid) {
		t.Errorf("without a basis: %v", err)
	}
}

// TestTwoReturnsNeedABindingDecision.
func TestTwoReturnsNeedABindingDecision(t *testing.T) {
	h := open(t)
	c := h.open(scene())
	c = h.do(c.ID, clerk, cases.Command{Action: cases.Return, Reason: "not_ours", Agency: ubnd})
	if c.Lead != "" || c.Desk != cases.DeskReturn {
		t.Errorf("returned: %q, %s", c.Lead, c.Desk)
	}
	h.do(c.ID, front, cases.Command{Action: cases.Forward, Agency: ubnd})
	c = h.do(c.ID, officer(9, grant(bot.RoleOfficer, ubnd)), cases.Command{Action: cases.Return, Reason: "not_ours"})
	if c.Desk != cases.DeskReturned || c.Returns != 2 {
		t.Errorf("returned twice: %s, %d", c.Desk, c.Returns)
	}
	if _, err := h.try(c.ID, front, cases.Command{Action: cases.Forward, Agency: commune}); !bot.IsCode(err, bot.Denied) {
		t.Errorf("forwarded again: %v", err)
	}
	c = h.do(c.ID, front, cases.Command{Action: cases.Bind, Agency: commune})
	if _, err := h.try(c.ID, clerk, full(cases.Return)); !bot.IsCode(err, bot.Denied) || !c.Bound {
		t.Errorf("a binding decision is returned: %v", err)
	}
}

// TestWhoIsNamedNeverGetsIt: not by routing, not by the desk, not as an officer with two hats.
func TestWhoIsNamedNeverGetsIt(t *testing.T) {
	h := open(t)
	d := conduct()
	d.Named = "xa25.kinh-te"
	c := h.open(d)
	if !c.Named {
		t.Fatal("the body is not known as named")
	}
	if _, err := h.try(c.ID, front, cases.Command{Action: cases.Forward, Agency: commune}); !bot.IsCode(err, bot.Denied) {
		t.Errorf("forwarded to the body named: %v", err)
	}
	if _, err := h.try(c.ID, front, cases.Command{Action: cases.Bind, Agency: "hp-so-noi-vu", Joint: []string{commune}}); !bot.IsCode(err, bot.Denied) {
		t.Errorf("the body named is consulted: %v", err)
	}
	h.do(c.ID, front, cases.Command{Action: cases.Forward, Agency: "hp-so-noi-vu"})
	two := officer(31, grant(bot.RoleOfficer, "hp-so-noi-vu"), grant(bot.RoleOfficer, commune))
	if _, err := h.desk.Get(t.Context(), c.ID, two); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("an officer of the body named sees it: %v", err)
	}
	if _, err := h.desk.Get(t.Context(), c.ID, officer(32, grant(bot.RoleOfficer, "hp-so-noi-vu"))); err != nil {
		t.Errorf("the body that answers: %v", err)
	}
	page, err := h.desk.List(t.Context(), cases.Filter{Agencies: []string{"hp-so-noi-vu"}, Viewer: &two})
	must(t, err)
	if len(page.Cases) != 0 {
		t.Error("a list shows it to an officer of the body named")
	}
}

// TestPraiseGoesToWhomItNames: a body that is praised is complained about by nobody. It
// answers, its head reads it, and praise that turns out to be a complaint leaves it first.
func TestPraiseGoesToWhomItNames(t *testing.T) {
	h := open(t)
	for _, field := range []string{"", "can-bo-cong-chuc", "xay-dung"} {
		d := scene()
		d.Kind, d.Field, d.Named = cases.Praise, field, "xa25.kinh-te"
		c := h.open(d)
		if c.Lead != commune || c.State != cases.Forwarded || c.Desk != "" || c.Named {
			t.Errorf("field %q: %s at %q, desk %q, complained about: %v", field, c.State, c.Lead, c.Desk, c.Named)
		}
		if got, err := h.desk.Get(t.Context(), c.ID, head); err != nil || got.Named {
			t.Errorf("field %q: the head of the body: %v", field, err)
		}
	}
	d := scene()
	d.Kind, d.Field, d.Named = cases.Praise, "can-bo-cong-chuc", "xa25.kinh-te"
	c := h.open(d)
	turn := cases.Command{Action: cases.Reclassify, Kind: cases.Conduct, Reason: "Là phản ánh"}
	if _, err := h.try(c.ID, front, turn); !bot.IsCode(err, bot.Denied) {
		t.Errorf("the body complained about keeps it: %v", err)
	}
	h.do(c.ID, clerk, full(cases.Return))
	h.do(c.ID, front, cases.Command{Action: cases.Forward, Agency: commune})
	h.do(c.ID, clerk, full(cases.Return))
	if c = h.do(c.ID, front, turn); !c.Named {
		t.Error("who is complained about is not known")
	}
	if _, err := h.desk.Get(t.Context(), c.ID, head); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("the head of the body complained about: %v", err)
	}
	if _, err := h.try(c.ID, front, cases.Command{Action: cases.Bind, Agency: commune}); !bot.IsCode(err, bot.Denied) {
		t.Errorf("given to the body complained about: %v", err)
	}
	gone := scene()
	gone.Kind, gone.Field, gone.Named = cases.Praise, "", "khong-co"
	if c := h.open(gone); c.Lead != "" || c.Desk != cases.DeskKind {
		t.Errorf("praise of nobody known: at %q, desk %q", c.Lead, c.Desk)
	}
}

// TestBodiesThatCannotLead: ended, unknown, without a place.
func TestBodiesThatCannotLead(t *testing.T) {
	h := open(t)
	c := h.open(conduct())
	for _, id := range []string{"", "nobody", "xa25.ubnd", "so-noi-vu", "huyen.tnmt@291", "xa25.ubnd@99999"} {
		if _, err := h.try(c.ID, front, cases.Command{Action: cases.Forward, Agency: id}); !bot.IsCode(err, bot.Invalid) {
			t.Errorf("forwarded to %q: %v", id, err)
		}
	}
}

// TestTheSenderIsHidden until a reasoned, recorded look, by the same officer only.
func TestTheSenderIsHidden(t *testing.T) {
	h := open(t)
	c := h.open(conduct())
	if who, err := h.desk.Identity(t.Context(), c.ID, front); err != nil || who.Name == "" {
		t.Errorf("the front desk: %+v, %v", who, err)
	}
	h.do(c.ID, front, cases.Command{Action: cases.Forward, Agency: commune})
	for _, a := range []cases.Actor{clerk, head} {
		if _, err := h.desk.Identity(t.Context(), c.ID, a); !bot.IsCode(err, bot.Denied) {
			t.Errorf("%s: %v", a.Ref(), err)
		}
	}
	cmd := cases.Command{Action: cases.Reveal}
	if _, err := h.try(c.ID, clerk, cmd); !bot.IsCode(err, bot.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	cmd.Reason = "gọi điện hẹn kiểm tra"
	h.do(c.ID, clerk, cmd)
	if who, err := h.desk.Identity(t.Context(), c.ID, clerk); err != nil || who.Phone == "" {
		t.Errorf("after the look: %+v, %v", who, err)
	}
	if _, err := h.desk.Identity(t.Context(), c.ID, head); !bot.IsCode(err, bot.Denied) {
		t.Errorf("another officer: %v", err)
	}
	// The case moves on: who looked before has no right any more.
	h.do(c.ID, clerk, full(cases.Return))
	if _, err := h.desk.Identity(t.Context(), c.ID, clerk); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("after the return: %v", err)
	}
}

// TestStatusFor: code and telephone must both fit, and both mistakes look the same.
func TestStatusFor(t *testing.T) {
	h := open(t)
	c := h.open(scene())
	for _, phone := range []string{"0912345678", "+84 912 345 678", "84912345678", "0912.345.678"} {
		if got, err := h.desk.StatusFor(t.Context(), c.Code, phone); err != nil || got.ID != c.ID {
			t.Errorf("%s: %v", phone, err)
		}
	}
	for _, phone := range []string{"", "0", "0912345679", "abc"} {
		if _, err := h.desk.StatusFor(t.Context(), c.Code, phone); !bot.IsCode(err, bot.NotFound) {
			t.Errorf("%q: %v", phone, err)
		}
	}
	for at := range c.Code {
		wrong := []byte(c.Code)
		if wrong[at] == '-' {
			continue
		}
		if wrong[at]++; wrong[at] > 'Y' { // Z, or what is read as another symbol
			wrong[at] = '0'
		}
		if got, err := h.desk.StatusFor(t.Context(), string(wrong), "0912345678"); err == nil {
			t.Errorf("%s is found as %s", wrong, got.Code)
		}
	}
}

// TestFloodsAndRepeats: the same again finds the first, too many are told so; nothing is lost by it.
func TestFloodsAndRepeats(t *testing.T) {
	h := open(t, func(o *cases.Options) { o.Terms[cases.KeyOpenPerPerson], o.Terms[cases.KeyDayPerPerson] = "3", "5" })
	d := scene()
	c := h.open(d)
	same := d
	same.Conversation, same.What = "another", "  NHÀ "+d.What[len("Nhà "):]+"!!! "
	if _, err := h.tryOpen(same); !bot.IsCode(err, bot.Conflict) {
		t.Errorf("the same words again: %v", err)
	}
	if first, ok, err := h.desk.Repeat(t.Context(), same); err != nil || !ok || first.ID != c.ID {
		t.Errorf("the first is not found: %v %v", ok, err)
	}
	same.Anyway = true
	h.open(same)
	h.open(scene())
	if _, err := h.tryOpen(scene()); !bot.IsCode(err, bot.Conflict) {
		t.Errorf("a fourth open case: %v", err)
	}
	visitor := scene()
	visitor.OnBehalf, visitor.FiledBy, visitor.Consent = true, 3, "đồng ý"
	h.open(visitor)
	// Three are open and four are of today. Each that is taken back makes room for
	// one more, until the day is full.
	for i := range 3 {
		list, _, err := h.desk.ByHolder(t.Context(), 7, 0)
		must(t, err)
		for _, c := range list {
			if c.State == cases.Forwarded {
				h.do(c.ID, citizen, full(cases.Withdraw))
			}
		}
		if _, err := h.tryOpen(scene()); (err == nil) != (i == 0) || err != nil && !bot.IsCode(err, bot.Conflict) {
			t.Errorf("case %d of the day: %v", i+5, err)
		}
	}
	h.move(25 * time.Hour)
	c = h.open(d2(d))
	others := scene()
	others.Holder.Person, others.What = 8, d.What
	second := h.open(others)
	alike, err := h.desk.Alike(t.Context(), second.ID, clerk)
	must(t, err)
	if len(alike) == 0 {
		t.Error("cases of two people about one thing are not found alike")
	}
	linked := h.do(second.ID, clerk, cases.Command{Action: cases.Link, Text: c.Code})
	first, err := h.desk.Get(t.Context(), c.ID, clerk)
	must(t, err)
	if linked.Duplicate != c.Code || len(first.Linked) != 1 {
		t.Errorf("linked %q, %v", linked.Duplicate, first.Linked)
	}
}

// d2 is the same report, sent another time.
func d2(d cases.Draft) cases.Draft {
	d.Conversation, d.Anyway = "once more", true
	return d
}

// TestBadDrafts are refused with a reason, and leave nothing.
func TestBadDrafts(t *testing.T) {
	h := open(t)
	for name, change := range map[string]func(*cases.Draft){
		"no kind":               func(d *cases.Draft) { d.Kind = "tố cáo" },
		"no words":              func(d *cases.Draft) { d.What = "" },
		"broken text":           func(d *cases.Draft) { d.What = "\xff" },
		"endless":               func(d *cases.Draft) { d.What = string(make([]byte, 50_000)) },
		"unknown field":         func(d *cases.Draft) { d.Field = "nothing" },
		"no ticket":             func(d *cases.Draft) { d.Field = "ngoai-pham-vi" },
		"unknown case":          func(d *cases.Draft) { d.Subject = "nothing" },
		"unknown place":         func(d *cases.Draft) { d.Place.ID = "x1" },
		"off the earth":         func(d *cases.Draft) { d.Place.Location = &bot.Place{Lat: 200} },
		"tomorrow":              func(d *cases.Draft) { d.Day = "2026-11-11" },
		"no date":               func(d *cases.Draft) { d.Day = "hôm qua" },
		"no conversation":       func(d *cases.Draft) { d.Conversation = "" },
		"50 photos":             func(d *cases.Draft) { d.Media = make([]string, 50) },
		"nobody":                func(d *cases.Draft) { d.Kind = cases.Petition; d.Contact = cases.Contact{Name: "A"} },
		"on behalf, no consent": func(d *cases.Draft) { d.OnBehalf, d.FiledBy = true, 3 },
	} {
		d := scene()
		change(&d)
		if _, err := h.tryOpen(d); !bot.IsCode(err, bot.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n, err := h.desk.Count(t.Context(), cases.Filter{}); err != nil || n != 0 {
		t.Errorf("%d cases (%v)", n, err)
	}
}

// TestWhereACaseGoes: by its kind, and by what routing says; never nowhere.
func TestWhereACaseGoes(t *testing.T) {
	h := open(t)
	for _, tt := range []struct {
		name string
		d    cases.Draft
		desk string
		lead string
	}{
		{"a scene at a commune", cases.Draft{Kind: cases.Scene, Field: "xay-dung", Place: cases.Place{ID: "w10532"}}, "", commune},
		{"a scene at an old commune", cases.Draft{Kind: cases.Scene, Field: "xay-dung", Place: cases.Place{ID: "c10522"}}, "", commune},
		{"a scene in an old district, the citizen does not know more", cases.Draft{Kind: cases.Scene, Field: "ha-tang-do-thi", Place: cases.Place{ID: "d288"}}, cases.DeskUnknownPlace, ""},
		{"a place nobody knows", cases.Draft{Kind: cases.Scene, Field: "ha-tang-do-thi"}, cases.DeskUnknownPlace, ""},
		{"the conduct of an officer", cases.Draft{Kind: cases.Conduct, Field: "can-bo-cong-chuc", Place: cases.Place{ID: "w10532"}}, cases.DeskKind, ""},
		{"a rule", cases.Draft{Kind: cases.Rule, Field: "dat-dai"}, cases.DeskKind, ""},
		{"an idea without a field", cases.Draft{Kind: cases.Idea}, cases.DeskKind, ""},
	} {
		d := scene()
		d.Kind, d.Field, d.Place = tt.d.Kind, tt.d.Field, tt.d.Place
		d.Contact = cases.Contact{Name: "Nguyễn Văn A", Phone: "0912345678"}
		c := h.open(d)
		if c.Desk != tt.desk || c.Lead != tt.lead || (c.Lead == "") != (c.State == cases.Received) {
			t.Errorf("%s: %s at %q, desk %q", tt.name, c.State, c.Lead, c.Desk)
		}
	}
}

// TestAnAlarmForCasesWithoutAnOwner, told once for every new one.
func TestAnAlarmForCasesWithoutAnOwner(t *testing.T) {
	var alarms []string
	h := open(t, withAlarm(&alarms))
	d := scene()
	d.Place, d.Field = cases.Place{}, "ha-tang-do-thi"
	h.open(d)
	run := func() {
		for _, j := range h.desk.Jobs(h.works) {
			must(t, j.Run(t.Context()))
		}
	}
	run()
	run()
	if len(alarms) != 1 {
		t.Errorf("alarms %q", alarms)
	}
}

// TestForgetting: the sender goes, what a body has to answer stays.
func TestForgetting(t *testing.T) {
	h := open(t)
	c := h.open(conduct())
	tx, err := h.db.BeginWrite(t.Context())
	must(t, err)
	records, err := h.desk.ExportPerson(t.Context(), tx, 7)
	must(t, err)
	if len(records) != 1 || records[0].Data["code"] != c.Code {
		t.Errorf("handed over %+v", records)
	}
	must(t, h.desk.ForgetPerson(t.Context(), tx, 7))
	must(t, tx.Commit())
	if mine, _, err := h.desk.ByHolder(t.Context(), 7, 0); err != nil || len(mine) != 0 {
		t.Errorf("still his: %v (%v)", mine, err)
	}
	if _, err := h.desk.StatusFor(t.Context(), c.Code, "0912345678"); !bot.IsCode(err, bot.NotFound) {
		t.Errorf("still found by telephone: %v", err)
	}
	if who, err := h.desk.Identity(t.Context(), c.ID, front); err != nil || !who.Empty() {
		t.Errorf("the desk still reads %+v (%v)", who, err)
	}
	if b, err := h.desk.Body(t.Context(), c.ID, front); err != nil || b.What == "" {
		t.Errorf("what was written is gone: %v", err)
	}
}

// TestForgettingWhoFiledForOthers: an officer takes nothing of his visitors with him, neither
// when he asks for his data nor when he is forgotten.
func TestForgettingWhoFiledForOthers(t *testing.T) {
	h := open(t)
	d := conduct()
	d.OnBehalf, d.FiledBy, d.Consent = true, 1, "Tôi đồng ý nhờ gửi"
	c, own := h.open(d), h.open(scene())
	tx, err := h.db.BeginWrite(t.Context())
	must(t, err)
	records, err := h.desk.ExportPerson(t.Context(), tx, 7)
	must(t, err)
	if len(records) != 1 || records[0].Data["code"] != own.Code {
		t.Errorf("handed over %+v", records)
	}
	must(t, h.desk.ForgetPerson(t.Context(), tx, 7))
	must(t, tx.Commit())
	if mine, _, err := h.desk.ByHolder(t.Context(), 7, 0); err != nil || len(mine) != 0 {
		t.Errorf("still his: %v (%v)", mine, err)
	}
	if got, err := h.desk.StatusFor(t.Context(), c.Code, "0912345678"); err != nil || got.ID != c.ID || !got.Public {
		t.Errorf("the visitor asks by code and telephone: %+v (%v)", got, err)
	}
	if who, err := h.desk.Identity(t.Context(), c.ID, front); err != nil || who != d.Contact {
		t.Errorf("the visitor is %+v (%v)", who, err)
	}
	if to, err := h.desk.Holder(t.Context(), c.ID); err != nil || to != (cases.Holder{Lang: "vi"}) {
		t.Errorf("the officer's chat is kept: %+v (%v)", to, err)
	}
	var consents int
	must(t, h.db.Read().QueryRowContext(t.Context(), `select count(*) from complaints_bodies where case_id = $1 and consent is not null`, c.ID).Scan(&consents))
	if consents != 1 {
		t.Error("the proof of the visitor's consent is gone")
	}
}

// TestConsentTakenBack ends a publication at once.
func TestConsentTakenBack(t *testing.T) {
	h := open(t)
	c := h.open(scene())
	h.do(c.ID, clerk, full(cases.Accept))
	h.do(c.ID, clerk, full(cases.Submit))
	c = h.do(c.ID, head, full(cases.Approve))
	if k, ok := c.Next(); !ok || k.Step != cases.StepPublish {
		t.Errorf("next is %s", k.Step)
	}
	h.do(c.ID, clerk, full(cases.PublishPropose))
	if _, err := h.try(c.ID, clerk, full(cases.PublishConfirm)); !bot.IsCode(err, bot.Denied) {
		t.Errorf("confirmed by an officer: %v", err)
	}
	c = h.do(c.ID, front, full(cases.PublishConfirm))
	if c.Published != cases.PublishedYes {
		t.Errorf("published %q", c.Published)
	}
	c = h.do(c.ID, citizen, full(cases.Consent))
	if c.Published != cases.PublishedNo || c.Public {
		t.Errorf("after the consent was taken back: %q", c.Published)
	}
	if _, err := h.try(c.ID, clerk, full(cases.PublishPropose)); !bot.IsCode(err, bot.Denied) {
		t.Errorf("proposed all the same: %v", err)
	}
}
