package desk

import (
	"slices"
	"strings"

	"cchcbot/bot/web"
	"cchcbot/knowledge/directory"
)

// maxLines is how many lines of places are read.
const maxLines = 60

// places reads the communes that a form names, a line each, by their names of today
// or before: one that was divided, or a district, stands for all that became of it. What
// cannot be read is noted beside the field.
func (s *service) places(f *web.Form) []string {
	var out []string
	lines := strings.FieldsFunc(f.Get("places"), func(r rune) bool { return r == '\n' || r == ';' || r == ',' })
	if len(lines) > maxLines {
		f.Fail("places", "news.invalid_places", "most", maxLines)
		return nil
	}
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		found, sure := s.read(line)
		switch {
		case len(found) == 0:
			f.Fail("places", "news.desk_wrong_place", "name", line)
		case !sure:
			var names []string
			for _, p := range found {
				names = append(names, s.opt.Directory().Title(p, found))
			}
			f.Fail("places", "news.desk_which_place", "name", line, "names", strings.Join(names, "; "))
		default:
			for _, p := range found {
				if !slices.Contains(out, p.ID) {
					out = append(out, p.ID)
				}
			}
		}
	}
	return out
}

// read finds the communes of today that a name stands for. It is not sure when several
// are called so.
func (s *service) read(text string) (found []*directory.Place, sure bool) {
	d := s.opt.Directory()
	var named []*directory.Place
	for _, level := range []directory.Level{directory.Commune2025, directory.Commune2024, directory.Commune2021} {
		for _, p := range d.Places(level) {
			if d.Exists(p) && strings.EqualFold(p.Name, text) {
				named = append(named, p)
			}
		}
	}
	if len(named) == 1 {
		return named, true
	}
	reading := d.Read(text, directory.Told(text))
	switch {
	case reading.Elsewhere != "":
		return nil, false
	case reading.Of != nil && (reading.Why == directory.WhyDivided || reading.Why == directory.WhyDistrict):
		found = now(d, reading.Of)
		return found, len(found) > 0
	case reading.Sure():
		found = now(d, reading.Choices[0])
		return found, len(found) > 0
	}
	return reading.Choices, false
}

// now are the communes of the day that hold a unit.
func now(d *directory.Directory, p *directory.Place) []*directory.Place {
	if d.Exists(p) {
		return []*directory.Place{p}
	}
	var out []*directory.Place
	for _, part := range d.Today(p) {
		out = append(out, part.Place)
	}
	return out
}

// lines are the names of communes, a line each, so that they can be read again.
func (s *service) lines(ids []string) string {
	var out []string
	for _, id := range ids {
		out = append(out, s.placeName(id))
	}
	return strings.Join(out, "\n")
}
