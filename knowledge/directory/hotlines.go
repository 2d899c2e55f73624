package directory

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Publish says whether a contact may be shown.
type Publish string

// What may be done with a contact. The data holds no contact that must be hidden.
const (
	Show  Publish = "show"  // as it is
	Check Publish = "check" // name and use only, until somebody has dialled or opened it
)

// Contact is a telephone line, a site or an office where citizens turn to.
type Contact struct {
	ID         string     `yaml:"id"`
	Name       string     `yaml:"name"`
	Phone      string     `yaml:"phone"` // digits; "" unless Publish is Show
	URL        string     `yaml:"url"`   // "" unless Publish is Show
	Address    string     `yaml:"address"`
	Scope      string     `yaml:"scope"`  // "national" or ""
	Use        string     `yaml:"use"`    // in Vietnamese
	UseEN      string     `yaml:"use_en"` // in English
	Agency     string     `yaml:"agency"` // id of the body it belongs to, or ""
	To         string     `yaml:"to"`     // first day it no longer serves, or ""
	Note       string     `yaml:"note"`   // in English, for officers
	Publish    Publish    `yaml:"publish"`
	Source     []string   `yaml:"source"`
	Confidence Confidence `yaml:"confidence"`
}

// OfficeHours is when offices are open. It is a rule of the province or city;
// an office may keep other hours.
type OfficeHours struct {
	ID      string   `yaml:"id"`
	Name    string   `yaml:"name"`
	From    string   `yaml:"from"`
	To      string   `yaml:"to"`
	Seasons []Season `yaml:"seasons"` // empty when the hours are not known
	// Sources are given in full, the better first.
	Sources    []Source   `yaml:"sources"`
	Confidence Confidence `yaml:"confidence"`
	Note       string     `yaml:"note"` // in English, for officers
}

// Season is a part of the year, from one day to another, both included.
type Season struct {
	Name  string   `yaml:"name"`
	From  string   `yaml:"from"`  // "04-01": month and day
	To    string   `yaml:"to"`    // may lie before From: over New Year
	Spans []string `yaml:"spans"` // "07:00-11:30"
}

type hotlinesData struct {
	Sources  map[string]Source `yaml:"sources"`
	Portals  []Contact         `yaml:"portals"`
	Hotlines []Contact         `yaml:"hotlines"`
	Offices  []Contact         `yaml:"offices"`
	Missing  []string          `yaml:"missing"`
	Hours    []OfficeHours     `yaml:"hours"`
}

// Hotlines lists the telephone lines that may be shown on the directory's day.
func (d *Directory) Hotlines() []Contact { return d.shown(d.hotlines) }

// Portals lists the sites that may be shown on the directory's day.
func (d *Directory) Portals() []Contact { return d.shown(d.portals) }

// Unconfirmed lists contacts that somebody has to dial or open before they may
// be shown. They carry neither number nor link nor address.
func (d *Directory) Unconfirmed() []Contact {
	var out []Contact
	for _, c := range slices.Concat(d.portals, d.hotlines, d.receptions) {
		if c.Publish == Check {
			out = append(out, c)
		}
	}
	return out
}

// Missing lists, in English, what the administration still has to supply.
func (d *Directory) Missing() []string { return slices.Clone(d.missing) }

// Contact returns the line, site or office of an id, also an unconfirmed one.
func (d *Directory) Contact(id string) (Contact, bool) {
	for _, c := range slices.Concat(d.portals, d.hotlines, d.receptions) {
		if c.ID == id {
			return c, true
		}
	}
	return Contact{}, false
}

func (d *Directory) shown(list []Contact) []Contact {
	var out []Contact
	for _, c := range list {
		if c.Publish == Show && inForce(d.asOf, "", c.To) {
			out = append(out, c)
		}
	}
	return out
}

// OfficeHours returns the hours of the directory's day. known is false when no
// source gives hours for that day: then they are the last ones known, whose To
// says until when they counted, and the reader should be told to call first.
func (d *Directory) OfficeHours() (hours OfficeHours, known bool) {
	for _, h := range d.hours {
		if len(h.Seasons) == 0 {
			continue
		}
		if inForce(d.asOf, h.From, h.To) {
			return h, true
		}
		hours = h
	}
	return hours, false
}

// On returns the season of a day of the year; false when none covers it.
func (h OfficeHours) On(t time.Time) (Season, bool) {
	day := Day(t)[len("2006-"):]
	for _, s := range h.Seasons {
		if s.From <= s.To && s.From <= day && day <= s.To || s.From > s.To && (day >= s.From || day <= s.To) {
			return s, true
		}
	}
	return Season{}, false
}

// loadHotlines enters the contacts and refuses what may not be shown.
func (d *Directory) loadHotlines(file *hotlinesData) error {
	d.portals, d.hotlines, d.receptions = file.Portals, file.Hotlines, file.Offices
	d.missing, d.hours = file.Missing, file.Hours
	seen := map[string]bool{}
	for _, c := range slices.Concat(file.Portals, file.Hotlines, file.Offices) {
		if c.ID == "" || c.Name == "" || seen[c.ID] {
			return errors.New("directory: a contact has no id or name, or its id stands twice")
		}
		seen[c.ID] = true
		if err := c.check(); err != nil {
			return fmt.Errorf("directory: contact %s: %w", c.ID, err)
		}
		if err := d.checkOrigin(c.ID, c.Source, c.Confidence); err != nil {
			return err
		}
		if c.Agency != "" && d.agencies[c.Agency] == nil {
			return fmt.Errorf("directory: contact %s: no agency %q", c.ID, c.Agency)
		}
	}
	for _, h := range file.Hours {
		if err := h.check(); err != nil {
			return fmt.Errorf("directory: hours %s: %w", h.ID, err)
		}
	}
	return nil
}

func (c *Contact) check() error {
	switch c.Publish {
	case Show:
	case Check:
		if c.Phone != "" || c.URL != "" || c.Address != "" {
			return errors.New("is to be checked first, so it may carry no phone, url or address")
		}
	default:
		return fmt.Errorf("publish %q is neither show nor check", c.Publish)
	}
	if strings.Trim(c.Phone, "0123456789") != "" || len(c.Phone) > 15 {
		return errors.New("phone is not plain digits")
	}
	if u, err := url.Parse(c.URL); err != nil || c.URL != "" && (u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		return errors.New("url is not a web address")
	}
	return checkDays("to", "", c.To)
}

func (h *OfficeHours) check() error {
	if h.ID == "" || h.Name == "" {
		return errors.New("no id or name")
	}
	if len(h.Seasons) > 0 && len(h.Sources) == 0 {
		return errors.New("no source")
	}
	for _, s := range h.Seasons {
		for _, day := range []string{s.From, s.To} {
			if _, err := time.Parse("2006-01-02", "2024-"+day); err != nil {
				return fmt.Errorf("%q is not a month and day", day)
			}
		}
		for _, span := range s.Spans {
			from, to, _ := strings.Cut(span, "-")
			a, err1 := time.Parse("15:04", from)
			b, err2 := time.Parse("15:04", to)
			if err1 != nil || err2 != nil || !a.Before(b) {
				return fmt.Errorf("%q is not a span of hours", span)
			}
		}
	}
	return checkDays("hours", h.From, h.To)
}
