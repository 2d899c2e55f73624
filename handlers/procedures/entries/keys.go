package entries

import (
	"reflect"
	"slices"
	"strings"

	"cchcbot/knowledge"
)

// Type says how the values of a key look.
type Type string

// The types of keys.
const (
	Text    Type = "text"
	Flag    Type = "flag"    // "1" or nothing
	List    Type = "list"    // texts
	Records Type = "records" // rows of texts
)

// Key is one key of an entry, as the file format names it. The keys are those that
// [knowledge.Entry] has: one that is added there can be compared and edited at once.
type Key struct {
	Name    string
	Type    Type
	Columns []string // of records
	at      int
}

// Keys lists the keys in the order of the format.
func Keys() []Key {
	t := reflect.TypeFor[knowledge.Entry]()
	var out []Key
	for i := range t.NumField() {
		f := t.Field(i)
		k := Key{Name: jsonName(f), Type: Text, at: i}
		switch {
		case f.Type.Kind() == reflect.Bool:
			k.Type = Flag
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.String:
			k.Type = List
		case f.Type.Kind() == reflect.Slice:
			k.Type = Records
			for j := range f.Type.Elem().NumField() {
				k.Columns = append(k.Columns, jsonName(f.Type.Elem().Field(j)))
			}
		}
		out = append(out, k)
	}
	return out
}

// KeyOf finds a key by its name.
func KeyOf(name string) (Key, bool) {
	keys := Keys()
	i := slices.IndexFunc(keys, func(k Key) bool { return k.Name == name })
	if i < 0 {
		return Key{}, false
	}
	return keys[i], true
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// Rows are the values of the key in an entry: one row of one cell for a text that is
// not empty and a flag that is set, one row for each item of a list, rows of all columns for records.
func (k Key) Rows(e *knowledge.Entry) [][]string {
	if e == nil {
		return nil
	}
	v := reflect.ValueOf(e).Elem().Field(k.at)
	switch k.Type {
	case Text:
		if s := v.String(); s != "" {
			return [][]string{{s}}
		}
		return nil
	case Flag:
		if v.Bool() {
			return [][]string{{"1"}}
		}
		return nil
	}
	var out [][]string
	for i := range v.Len() {
		var row []string
		if k.Type == List {
			row = []string{v.Index(i).String()}
		} else {
			for j := range v.Index(i).NumField() {
				row = append(row, v.Index(i).Field(j).String())
			}
		}
		out = append(out, row)
	}
	return out
}

// Set puts rows into an entry. Rows without any text are left out, cells beyond the columns dropped.
func (k Key) Set(e *knowledge.Entry, rows [][]string) {
	rows = slices.DeleteFunc(slices.Clone(rows), func(row []string) bool {
		return !slices.ContainsFunc(row, func(s string) bool { return s != "" })
	})
	v := reflect.ValueOf(e).Elem().Field(k.at)
	v.SetZero()
	if len(rows) == 0 {
		return
	}
	switch k.Type {
	case Text:
		v.SetString(rows[0][0])
		return
	case Flag:
		v.SetBool(true)
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(rows), len(rows)))
	for i, row := range rows {
		if k.Type == List {
			v.Index(i).SetString(row[0])
			continue
		}
		for j := range min(len(row), v.Index(i).NumField()) {
			v.Index(i).Field(j).SetString(row[j])
		}
	}
}

// Same reports whether two entries agree in the key.
func (k Key) Same(a, b *knowledge.Entry) bool {
	return slices.EqualFunc(k.Rows(a), k.Rows(b), slices.Equal[[]string])
}

// Compare lists the keys in which two entries differ; a nil entry is one without any text.
func Compare(a, b *knowledge.Entry) []Key {
	return slices.DeleteFunc(Keys(), func(k Key) bool { return k.Same(a, b) })
}

// Copy is an entry that shares no list with e.
func Copy(e *knowledge.Entry) *knowledge.Entry {
	c := new(knowledge.Entry)
	for _, k := range Keys() {
		k.Set(c, k.Rows(e))
	}
	return c
}

// Merge puts a change of an entry onto another state of it: what mine changes against base stays mine, the
// rest is theirs.
func Merge(base, mine, theirs *knowledge.Entry) *knowledge.Entry {
	out := Copy(theirs)
	for _, k := range Compare(base, mine) {
		k.Set(out, k.Rows(mine))
	}
	return out
}

// Tidy cleans every text of e that differs from base, as the one door does before it stores a draft; what nobody
// touched stays as it is. base may be nil.
func Tidy(base, e *knowledge.Entry, clean func(string) string) {
	for _, k := range Keys() {
		if base != nil && k.Same(base, e) {
			continue
		}
		rows := k.Rows(e)
		for _, row := range rows {
			for i := range row {
				row[i] = clean(row[i])
			}
		}
		k.Set(e, rows)
	}
}
