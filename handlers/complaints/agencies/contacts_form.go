package agencies

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
)

// changing reads a form of somebody who may change the contacts of a body.
func (s *service) changing(r *http.Request, body func(f *web.Form) (string, error)) (*web.Form, string, error) {
	f, err := s.opt.Console.Form(r)
	if err != nil {
		return nil, "", err
	}
	id, err := body(f)
	if err != nil {
		return nil, "", err
	}
	if _, err := s.bodyOf(r, id); err != nil {
		return nil, "", err
	}
	if !s.mayChange(web.OfficerFrom(r.Context()), id) {
		return nil, "", &bot.Error{Code: bot.Denied}
	}
	return f, id, nil
}

func named1(f *web.Form) (string, error) { return f.Raw("body"), nil }

// ofContact is the body of the contact that a form names.
func (s *service) ofContact(r *http.Request) func(*web.Form) (string, error) {
	return func(f *web.Form) (string, error) {
		c, err := s.book.Get(r.Context(), s.opt.Read, number(f, "id"))
		return c.Body, err
	}
}

func number(f *web.Form, name string) int64 {
	n, err := strconv.ParseInt(f.Raw(name), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (s *service) saveContact(w http.ResponseWriter, r *http.Request) {
	f, body, err := s.changing(r, named1)
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	id := number(f, "id")
	c := Contact{ID: id, Body: body, Role: Role(f.Raw("role")), Name: f.Line("name"), Email: f.Line("email"), Phone: f.Line("phone"), Active: id == 0 || f.On("active")}
	if id != 0 { // of this body, or it is not his to change
		if have, err := s.book.Get(r.Context(), s.opt.Read, id); err != nil || have.Body != body {
			s.opt.Console.NotFound(w, r)
			return
		}
	}
	outcome := Unchanged
	err = s.opt.Works.Do(r.Context(), func(ctx context.Context, work *bot.Work) error {
		tx, err := work.Tx(ctx)
		if err != nil {
			return err
		}
		before := c
		if c, outcome, err = s.book.Save(ctx, tx, before); err != nil || outcome == Unchanged {
			return err
		}
		if c.untold() && s.opt.Has(Email) {
			s.sendTest(work, c)
			if err := s.book.markTested(ctx, tx, c.ID); err != nil {
				return err
			}
		}
		return s.opt.Audit(ctx, tx, web.OfficerFrom(ctx).Actor(), "complaints.contact_"+string(outcome), "contact:"+strconv.FormatInt(c.ID, 10), body)
	})
	var e *bot.Error
	if errors.As(err, &e) && e.Key != "" {
		s.renderBody(w, r, body, http.StatusUnprocessableEntity, func(d *bodyData) {
			f.Fail(fieldOf(e.Key), e.Key, e.Args...)
			if id == 0 {
				d.Form, d.Open = f, true
				return
			}
			d.edit(id, f)
		})
		return
	}
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	s.opt.Console.Done(w, r, bodyURL(body), web.Flash{Key: "complaints.agency_contact_saved", Args: []any{"name", c.Name}})
}

// fieldOf is the field beside which a mistake stands.
func fieldOf(key string) string {
	switch key {
	case "complaints.agency_contact_no_name":
		return "name"
	case "complaints.agency_contact_no_role":
		return "role"
	case "complaints.agency_contact_no_phone":
		return "phone"
	}
	return "email"
}

func (s *service) setAway(w http.ResponseWriter, r *http.Request) {
	f, body, err := s.changing(r, s.ofContact(r))
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	standIn := number(f, "stand_in")
	var until time.Time
	if standIn != 0 {
		if until, err = time.ParseInLocation(time.DateOnly, f.Raw("until"), zone); err == nil {
			until = until.AddDate(0, 0, 1) // to the end of that day
		}
	}
	id := number(f, "id")
	err = s.opt.Works.Do(r.Context(), func(ctx context.Context, work *bot.Work) error {
		tx, err := work.Tx(ctx)
		if err != nil {
			return err
		}
		if err := s.book.SetAway(ctx, tx, id, standIn, until); err != nil {
			return err
		}
		return s.opt.Audit(ctx, tx, web.OfficerFrom(ctx).Actor(), "complaints.contact_away", "contact:"+strconv.FormatInt(id, 10), body)
	})
	s.after(w, r, body, err, web.Flash{Key: "complaints.agency_contact_away_saved"})
}

// after answers a form: done, or the page with what went wrong.
func (s *service) after(w http.ResponseWriter, r *http.Request, body string, err error, f web.Flash) {
	var e *bot.Error
	switch {
	case err == nil:
		s.opt.Console.Done(w, r, bodyURL(body), f)
	case errors.As(err, &e) && e.Key != "":
		s.renderBody(w, r, body, http.StatusUnprocessableEntity, func(d *bodyData) { d.Error = s.opt.Console.T(r, e.Key, e.Args...) })
	default:
		s.opt.Console.Fail(w, r, err)
	}
}

// testAgain is how soon the same contact may be sent another test message.
const testAgain = 10 * time.Minute

func (s *service) testContact(w http.ResponseWriter, r *http.Request) {
	f, body, err := s.changing(r, s.ofContact(r))
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	err = s.opt.Works.Do(r.Context(), func(ctx context.Context, work *bot.Work) error {
		tx, err := work.Tx(ctx)
		if err != nil {
			return err
		}
		c, err := s.book.Get(ctx, tx, number(f, "id"))
		switch {
		case err != nil:
			return err
		case !s.opt.Has(Email):
			return &bot.Error{Code: bot.Invalid, Key: "complaints.agency_contacts_no_mail"}
		case !c.Active || s.opt.Now().Sub(c.Tested) < testAgain:
			return &bot.Error{Code: bot.Invalid, Key: "complaints.agency_contact_test_soon"}
		}
		s.sendTest(work, c)
		return s.book.markTested(ctx, tx, c.ID)
	})
	s.after(w, r, body, err, web.Flash{Key: "complaints.agency_contact_test_sent"})
}

// groupCode makes a one-time code that links a group. It is shown once.
func (s *service) groupCode(w http.ResponseWriter, r *http.Request) {
	_, body, err := s.changing(r, named1)
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	code, err := s.freshCode(r.Context(), body)
	if err != nil {
		s.after(w, r, body, err, web.Flash{})
		return
	}
	s.renderBody(w, r, body, http.StatusOK, func(d *bodyData) { d.Code = code })
}

func (s *service) freshCode(ctx context.Context, body string) (code string, err error) {
	o := web.OfficerFrom(ctx)
	err = s.opt.Works.Do(ctx, func(ctx context.Context, work *bot.Work) error {
		tx, err := work.Tx(ctx)
		if err != nil {
			return err
		}
		if code, err = s.makeCode(ctx, tx, body, o.ID); err != nil {
			return err
		}
		return s.opt.Audit(ctx, tx, o.Actor(), "complaints.link_code", "body:"+body, "")
	})
	return code, err
}

// ownCode makes a one-time code that links the officer's own chat.
func (s *service) ownCode(w http.ResponseWriter, r *http.Request) {
	code, err := s.freshCode(r.Context(), "")
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	s.opt.Console.Done(w, r, contactsPath, web.Flash{Key: "complaints.agency_own_code", Args: []any{"code", code}})
}

func (s *service) unlinkPage(w http.ResponseWriter, r *http.Request) {
	f, body, err := s.changing(r, named1)
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	err = s.opt.Works.Do(r.Context(), func(ctx context.Context, work *bot.Work) error {
		tx, err := work.Tx(ctx)
		if err != nil {
			return err
		}
		found, err := s.queryGroups(ctx, tx, `id = $1 and body = $2`, number(f, "id"), body)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return &bot.Error{Code: bot.NotFound}
		}
		if err := s.unlinkGroup(ctx, tx, found[0].ID); err != nil {
			return err
		}
		if err := s.opt.Audit(ctx, tx, web.OfficerFrom(ctx).Actor(), "complaints.group_unlinked", "body:"+body, ""); err != nil {
			return err
		}
		return s.alarmIfMute(ctx, tx, body)
	})
	s.after(w, r, body, err, web.Flash{Key: "complaints.agency_unlink_saved"})
}

func (s *service) exchange() *Exchange {
	e := &Exchange{Book: s.book, Works: s.opt.Works, Texts: s.opt.Texts, Langs: s.opt.Langs}
	if s.opt.Has(Email) {
		e.PublicURL = s.opt.PublicURL
	}
	return e
}

func (s *service) exportContacts(w http.ResponseWriter, r *http.Request) {
	if !s.seesAll(web.OfficerFrom(r.Context())) {
		s.opt.Console.NotFound(w, r)
		return
	}
	var b bytes.Buffer
	if err := s.exchange().Export(r.Context(), &b); err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	w.Header().Set("Content-Disposition", `attachment; filename="dau-moi.xlsx"`)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(b.Bytes()) // the reader went away: nothing to do
}

type importedData struct {
	Report  Report
	Refused []refusedRow
	Error   string
	Back    string
}

type refusedRow struct {
	Sheet string
	Row   int
	Why   string
}

func (s *service) importContacts(w http.ResponseWriter, r *http.Request) {
	if !s.seesAll(web.OfficerFrom(r.Context())) {
		s.opt.Console.NotFound(w, r)
		return
	}
	f, err := s.opt.Console.Form(r)
	if err != nil {
		s.opt.Console.Fail(w, r, err)
		return
	}
	d := importedData{Back: contactsPath}
	status := http.StatusOK
	if r.MultipartForm == nil || len(r.MultipartForm.File["file"]) == 0 {
		err = &bot.Error{Code: bot.Invalid, Key: "complaints.agency_sheet_no_file"}
	} else {
		defer r.MultipartForm.RemoveAll() //nolint:errcheck // temporary files; the system clears what is left
		d.Report, err = s.importFile(r, !f.On("real"))
	}
	var e *bot.Error
	switch {
	case errors.As(err, &e) && e.Key != "":
		d.Error, status = s.opt.Console.T(r, e.Key, e.Args...), http.StatusUnprocessableEntity
	case err != nil:
		s.opt.Console.Fail(w, r, err)
		return
	}
	for _, x := range d.Report.Refused {
		d.Refused = append(d.Refused, refusedRow{Sheet: x.Sheet, Row: x.Row, Why: s.opt.Console.T(r, x.Key, x.Args...)})
	}
	s.opt.Console.Render(w, r, status, s.view.imported, d)
}

func (s *service) importFile(r *http.Request, dry bool) (Report, error) {
	file, err := r.MultipartForm.File["file"][0].Open()
	if err != nil {
		return Report{}, err
	}
	defer file.Close()
	report, err := s.exchange().Import(r.Context(), file, dry)
	if err != nil || dry || report.Added+report.Changed == 0 {
		return report, err
	}
	err = s.opt.Works.Do(r.Context(), func(ctx context.Context, work *bot.Work) error {
		tx, err := work.Tx(ctx)
		if err != nil {
			return err
		}
		return s.opt.Audit(ctx, tx, web.OfficerFrom(ctx).Actor(), "complaints.contacts_imported", "contacts",
			"added="+strconv.Itoa(report.Added)+" changed="+strconv.Itoa(report.Changed))
	})
	return report, err
}
