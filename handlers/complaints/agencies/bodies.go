package agencies

import (
	"slices"
	"strings"

	"cchcbot/knowledge/directory"
)

// everyBody lists the bodies in office on the directory's day: those of the
// province or city, then those of each district and commune.
func everyBody(d *directory.Directory) []*directory.Agency {
	out := d.AgenciesAt(nil)
	for _, level := range []directory.Level{directory.District, directory.Commune2021, directory.Commune2024, directory.Commune2025} {
		for _, p := range d.Places(level) {
			if !d.Exists(p) {
				continue
			}
			for _, a := range d.AgenciesAt(p) {
				if len(out) < maxEveryBody {
					out = append(out, a)
				}
			}
		}
	}
	return out
}

// bodyIndex finds bodies by what people write.
type bodyIndex struct {
	fold  func(string) string
	list  []*directory.Agency
	names [][]string // folded, of each body
}

func newBodyIndex(d *directory.Directory, fold func(string) string) *bodyIndex {
	x := &bodyIndex{fold: fold, list: everyBody(d)}
	for _, a := range x.list {
		names := []string{x.key(a.Name)}
		if a.Place == nil { // the short names of a template name all of its bodies
			for _, n := range slices.Concat(a.Short, a.Aliases) {
				names = append(names, x.key(n))
			}
		}
		x.names = append(x.names, names)
	}
	return x
}

// key folds a name; the long form of "UBND", which people write as often, is the short one.
func (x *bodyIndex) key(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(x.fold(s)), " "), "uy ban nhan dan", "ubnd")
}

// exact finds the one body of an id or name. With none or several it returns
// those that were meant, at most a few.
func (x *bodyIndex) exact(d *directory.Directory, text string) (*directory.Agency, []*directory.Agency) {
	text = strings.TrimSpace(text)
	if a, ok := d.Agency(text); ok && a.Template == "" {
		return a, nil
	}
	want := x.key(text)
	if want == "" {
		return nil, nil
	}
	var found []*directory.Agency
	for i, names := range x.names {
		if slices.Contains(names, want) {
			found = append(found, x.list[i])
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	if len(found) == 0 {
		return nil, x.search(text, 3)
	}
	return nil, found[:min(len(found), 3)]
}

// search lists the bodies whose names hold all words, those that begin with
// them first. At most limit.
func (x *bodyIndex) search(text string, limit int) []*directory.Agency {
	words := strings.Fields(x.key(text))
	if len(words) == 0 || len(words) > 20 {
		return nil
	}
	var first, then []*directory.Agency
	for i, names := range x.names {
		if !slices.ContainsFunc(names, func(n string) bool { return holdsAll(n, words) }) {
			continue
		}
		if strings.HasPrefix(names[0], words[0]) {
			first = append(first, x.list[i])
		} else {
			then = append(then, x.list[i])
		}
	}
	out := append(first, then...)
	return out[:min(len(out), limit)]
}

// holdsAll reports whether the words stand in the name, each as a whole word
// but for the last, which may still be being typed.
func holdsAll(name string, words []string) bool {
	padded := " " + name + " "
	for i, w := range words {
		if i < len(words)-1 {
			w += " "
		}
		if !strings.Contains(padded, " "+w) {
			return false
		}
	}
	return true
}
