package zalo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"cchcbot/bot"
)

// How long what was learned of a citizen is believed, and that nothing was learned.
const (
	profileLife = 24 * time.Hour
	profileMiss = 10 * time.Minute
	profileAway = time.Minute // Zalo did not answer: nobody waits for it again so soon
)

// known is a citizen's profile, or that there is none.
type known struct {
	who   bot.Sender
	err   error
	until time.Time
}

var errAway = errors.New("zalo: it did not answer a moment ago")

// Profile asks for a citizen's display name: deliveries never carry it. Nothing
// else of the profile is read.
func (o *OA) Profile(ctx context.Context, user string) (bot.Sender, error) {
	if !digits.MatchString(user) {
		return bot.Sender{}, errors.New("zalo: that is no user id")
	}
	if k, ok := o.people.Get(user); ok && o.opt.Now().Before(k.until) {
		return k.who, k.err
	}
	if o.opt.Now().UnixMilli() < o.away.Load() {
		return bot.Sender{}, errAway
	}
	who, err := o.profile(ctx, user)
	var no *codeError
	switch {
	case err == nil:
		o.people.Put(user, known{who: who, until: o.opt.Now().Add(profileLife)})
	case errors.As(err, &no):
		o.people.Put(user, known{err: err, until: o.opt.Now().Add(profileMiss)})
	default:
		o.away.Store(o.opt.Now().Add(profileAway).UnixMilli())
	}
	return who, err
}

func (o *OA) profile(ctx context.Context, user string) (bot.Sender, error) {
	c, err := get("/v3.0/oa/user/detail", object{"user_id": user})
	if err != nil {
		return bot.Sender{}, err
	}
	r, err := o.call(ctx, c)
	if err != nil {
		return bot.Sender{}, err
	}
	var d struct {
		Name string `json:"display_name"`
	}
	if err := json.Unmarshal(r.Data, &d); err != nil {
		return bot.Sender{}, errors.New("zalo: the profile cannot be read")
	}
	return bot.Sender{ID: user, Name: o.opt.Clean(d.Name)}, nil
}

// Account is the Official Account as Zalo describes it.
type Account struct {
	ID       string
	Name     string
	Verified bool
	State    bool // of a state agency
	Package  string
	Until    string // end of the package, as Zalo writes it
}

// Account asks who the account is.
func (o *OA) Account(ctx context.Context) (Account, error) {
	c, err := get("/v2.0/oa/getoa", nil)
	if err != nil {
		return Account{}, err
	}
	r, err := o.call(ctx, c)
	if err != nil {
		return Account{}, err
	}
	var d struct {
		ID       ident  `json:"oaid"`
		Other    ident  `json:"oa_id"`
		Name     string `json:"name"`
		Verified bool   `json:"is_verified"`
		Type     number `json:"oa_type"`
		Package  string `json:"package_name"`
		Until    string `json:"package_valid_through_date"`
	}
	if err := json.Unmarshal(r.Data, &d); err != nil {
		return Account{}, errors.New("zalo: what Zalo says of the account cannot be read")
	}
	const stateAgency = 4
	if d.ID == "" {
		d.ID = d.Other
	}
	return Account{ID: string(d.ID), Name: o.opt.Clean(d.Name), Verified: d.Verified, State: d.Type == stateAgency, Package: d.Package, Until: d.Until}, nil
}

// Check reports whether the account can be used: its consent, and Zalo's answer.
func (o *OA) Check(ctx context.Context) error {
	_, err := o.Account(ctx)
	return err
}

// Standing is the state of the account's consent, for doctor.
type Standing struct {
	OA         string
	Connected  bool      // a pair is there and may be used
	Reason     string    // short code when it may not
	Pending    time.Time // a renewal whose outcome is not known began then
	Until      time.Time // of the access token
	Refresh    time.Time // the refresh token's end
	Generation int64
}

// Standing reads the state without asking Zalo.
func (o *OA) Standing(ctx context.Context) (Standing, error) {
	t, version, err := o.keeper.load(ctx)
	if err != nil {
		return Standing{}, err
	}
	s := Standing{OA: t.OA, Reason: t.Reason, Pending: t.Pending, Until: t.AccessUntil, Generation: t.Generation}
	if !t.RefreshIssued.IsZero() {
		s.Refresh = t.RefreshIssued.Add(refreshLife)
	}
	s.Connected = version > 0 && t.State == stateFresh && t.Refresh != ""
	if version == 0 {
		s.Reason = "no_consent_yet"
		s.Connected = o.opt.RefreshToken != ""
	}
	return s, nil
}

// features is what a probe found out about the account, in the vault.
type features struct {
	Buttons bool      `json:"buttons"`
	List    bool      `json:"list"`
	Probed  time.Time `json:"probed"`
	Code    int       `json:"code,omitempty"` // Zalo's no to buttons
}

const featuresName = "zalo/features"

func (o *OA) features(ctx context.Context) (features, int64, error) {
	raw, version, err := o.opt.Vault.Secret(ctx, featuresName)
	if err != nil || version == 0 {
		return features{}, 0, err
	}
	var f features
	if err := json.Unmarshal(raw, &f); err != nil {
		return features{}, version, fmt.Errorf("zalo: what the probe found cannot be read")
	}
	return f, version, nil
}

// LastProbe is when buttons were tried last, zero for never, and what came of it.
func (o *OA) LastProbe(ctx context.Context) (at time.Time, p Probed, err error) {
	f, _, err := o.features(ctx)
	return f.Probed, Probed{Buttons: f.Buttons, List: f.List, ButtonsCode: f.Code}, err
}

// buttons reports whether messages carry buttons now.
func (o *OA) buttons() bool {
	switch o.opt.Buttons {
	case ButtonsOn:
		return true
	case ButtonsOff:
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	f, _, err := o.features(ctx)
	if err != nil {
		o.opt.Log.Warn("whether zalo shows buttons cannot be read; choices are numbered", "err", err)
	}
	return err == nil && f.Buttons
}

// refusalLife is how long buttons of a kind that Zalo refused are not tried again.
const refusalLife = 6 * time.Hour

// refusesButtons reports whether it is known beforehand that a message cannot go
// with its buttons: Zalo refused such kinds not long ago, or they were switched
// off after the message was laid out.
func (o *OA) refusesButtons(m bot.Message) bool {
	rows, _ := split(m.Buttons)
	switch {
	case len(rows) == 0:
		return false
	case o.opt.Buttons == ButtonsOn:
		until, ok := o.refusals.Get(kindsOf(rows))
		return ok && o.opt.Now().Before(until)
	}
	return !o.buttons()
}

// withoutButtons remembers that Zalo refused buttons of a kind. Where a probe
// decides, buttons are switched off; where the settings want them, they are
// tried again after a while.
func (o *OA) withoutButtons(ctx context.Context, b blame) {
	if o.opt.Buttons == ButtonsOn {
		o.refusals.Put(b.what, o.opt.Now().Add(refusalLife))
		o.alerts.Raise(ctx, "buttons", fmt.Sprintf("Zalo refuses a message with buttons (%s: %d); such choices are numbered for %d hours, then tried again. ZALO_BUTTONS=off ends the trials",
			b.what, b.code, int(refusalLife.Hours())))
		return
	}
	o.alerts.Raise(ctx, "buttons", fmt.Sprintf("Zalo refuses a message with buttons (%s: %d); choices are numbered from now on", b.what, b.code))
	f, version, err := o.features(ctx)
	if err == nil && version > 0 && f.Buttons {
		f.Buttons, f.Code = false, b.code
		err = o.saveFeatures(ctx, f, version)
	}
	if err != nil {
		o.opt.Log.Error("buttons cannot be switched off", "err", err)
	}
}

func (o *OA) saveFeatures(ctx context.Context, f features, version int64) error {
	raw, err := json.Marshal(f)
	if err != nil {
		return errors.New("zalo: what was found cannot be written down")
	}
	_, err = o.opt.Vault.SaveSecret(ctx, featuresName, raw, version)
	return err
}

// Probed is what a probe found.
type Probed struct {
	Buttons, List         bool
	ButtonsCode, ListCode int // Zalo's answer when it said no
}

// Probe sends a user two messages, one with a button and one with a list, and
// keeps what Zalo takes. Whether the buttons are seen, only that user can say.
func (o *OA) Probe(ctx context.Context, user string) (Probed, error) {
	if !digits.MatchString(user) {
		return Probed{}, errors.New("zalo: a user id is a number")
	}
	text, terr := o.opt.Render("vi", "zalo.probe_text", nil)
	button, berr := o.opt.Render("vi", "zalo.probe_button", nil)
	list, lerr := o.opt.Render("vi", "zalo.probe_list", nil)
	if err := errors.Join(terr, berr, lerr); err != nil {
		return Probed{}, err
	}
	var p Probed
	var err error
	shown := []bot.MessageButton{{Title: button, Payload: "menu:start"}}
	if p.Buttons, p.ButtonsCode, err = o.tries(ctx, user, object{"text": text, "attachment": templated(object{"buttons": buttons(shown)})}); err != nil {
		return p, err
	}
	element := object{"title": list, "subtitle": text, "buttons": buttons(shown)}
	if p.List, p.ListCode, err = o.tries(ctx, user, object{"text": list, "attachment": templated(object{"template_type": "list", "elements": []object{element}})}); err != nil {
		return p, err
	}
	if p.Buttons {
		o.refusals.Forget(kindsOf(shown))
	}
	_, version, err := o.features(ctx)
	if err != nil {
		return p, err
	}
	return p, o.saveFeatures(ctx, features{Buttons: p.Buttons, List: p.List, Probed: o.opt.Now(), Code: p.ButtonsCode}, version)
}

// tries sends a message and reports whether Zalo took it; an error says nothing of it.
func (o *OA) tries(ctx context.Context, user string, m object) (bool, int, error) {
	_, err := o.post(ctx, user, false, m)
	var no *codeError
	switch {
	case err == nil:
		return true, 0, nil
	case errors.As(err, &no) && (no.code == -233 || no.code == -201 || no.code == -210):
		return false, no.code, nil // about the form of the message
	}
	return false, 0, err
}
