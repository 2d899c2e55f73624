package console

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
	"cchcbot/bot/web"
)

// verifyLimit is how long walking the whole trail may take.
const verifyLimit = 5 * time.Minute

// auditShown is how many lines a page of the trail has.
const auditShown = 50

type auditData struct {
	Form    *web.Form
	Lines   []auditLine
	Head    bot.AuditHead
	Pager   web.Pager
	Checked bool
	Whole   int64
	Broken  int64
	Any     bool
}

type auditLine struct {
	bot.AuditEntry
	Who, Whom string // names of officers, or the codes as they stand
	ActionKey string // text key; "" when only the code is known
}

// actions that have a name in words. Features' own stand as codes.
var actionKeys = map[string]string{
	"staff.added": "console.action_added", "staff.changed": "console.action_changed", "staff.invited": "console.action_invited",
	"staff.accepted": "console.action_accepted", "staff.granted": "console.action_granted", "staff.revoked": "console.action_revoked",
	"staff.disabled": "console.action_disabled", "staff.enabled": "console.action_enabled", "staff.renamed": "console.action_renamed",
	"account.signed_in": "console.action_signed_in", "account.locked": "console.action_locked", "account.password": "console.action_password",
	"account.second_on": "console.action_second_on", "account.second_off": "console.action_second_off", "account.recovered": "console.action_recovered",
	"account.recovery_new": "console.action_recovery_new", "account.sign_in_ended": "console.action_sign_in_ended",
	"account.sign_ins_ended": "console.action_sign_ins_ended", "outbox.retried": "console.action_outbox_retried",
	"outbox.dropped": "console.action_outbox_dropped", "outbox.held": "console.action_outbox_held", "outbox.released": "console.action_outbox_released",
	"inbox.retried": "console.action_inbox_retried", "inbox.dropped": "console.action_inbox_dropped",
}

func (s *service) auditPage(w http.ResponseWriter, r *http.Request) {
	d, ok := s.trail(w, r)
	if ok {
		s.render(w, r, http.StatusOK, "audit", d)
	}
}

// trail reads the lines that a request asks for; the answer is out when it is false.
func (s *service) trail(w http.ResponseWriter, r *http.Request) (auditData, bool) {
	f := s.kit.NewForm(r.URL.Query())
	before, _ := strconv.ParseInt(f.Get("before"), 10, 64) // nonsense begins at the newest
	filter := bot.AuditFilter{Actor: f.Line("actor"), Action: f.Line("action"), Thing: f.Line("thing"), Before: max(before, 0), Limit: auditShown + 1}
	d := auditData{Form: f, Any: filter.Actor+filter.Action+filter.Thing != ""}
	lines, err := s.opt.Trail.ListAudit(r.Context(), filter)
	if err == nil {
		d.Head, err = s.opt.Trail.AuditHead(r.Context())
	}
	names, nameErr := s.names(r)
	if err == nil {
		err = nameErr
	}
	if err != nil {
		s.kit.Fail(w, r, err)
		return d, false
	}
	next := ""
	if len(lines) > auditShown {
		lines = lines[:auditShown]
		next = strconv.FormatInt(lines[auditShown-1].ID, 10)
	}
	for _, e := range lines {
		d.Lines = append(d.Lines, auditLine{AuditEntry: e, Who: named(names, e.Actor), Whom: named(names, e.Thing), ActionKey: actionKeys[e.Action]})
	}
	d.Pager = web.PagerOf(r, "before", f.Get("before"), next)
	return d, true
}

// names are the officers' names by how the trail calls them.
func (s *service) names(r *http.Request) (map[string]string, error) {
	all, err := s.opt.Accounts.Accounts(r.Context())
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(all))
	for _, a := range all {
		out[a.Officer.Actor()] = a.Officer.Name
	}
	return out, nil
}

func named(names map[string]string, code string) string {
	if n, ok := names[code]; ok {
		return n + " (" + strings.TrimPrefix(code, "staff:") + ")"
	}
	return code
}

// verify walks the whole chain and says what it found.
func (s *service) verify(w http.ResponseWriter, r *http.Request) {
	// A long trail takes longer than a page may.
	if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(verifyLimit)); err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	whole, broken, err := s.opt.Trail.VerifyAudit(r.Context())
	if err != nil {
		s.kit.Fail(w, r, err)
		return
	}
	d, ok := s.trail(w, r)
	if !ok {
		return
	}
	d.Checked, d.Whole, d.Broken = true, whole, broken
	s.render(w, r, http.StatusOK, "audit", d)
}
