package web

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"cchcbot/bot"
)

// Form is what an officer typed and what is wrong with it. A handler reads it
// with [Console.Form], notes mistakes with Fail, and renders the same page again
// with status 422 when there are any: each stands beside its field.
type Form struct {
	values url.Values
	clean  func(string) string
	wrong  map[string]fault
	first  string // the field of the first mistake
}

type fault struct {
	key  string
	args []any
}

// Form reads a posted form. The body's limit is the route's.
func (c *Console) Form(r *http.Request) (*Form, error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // "" is refused below
	var err error
	switch kind {
	case "multipart/form-data":
		err = r.ParseMultipartForm(1 << 20)
	default:
		err = r.ParseForm()
	}
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, &bot.Error{Code: bot.Invalid, Key: "web.too_large"}
		}
		return nil, &bot.Error{Code: bot.Invalid, Detail: "the form cannot be read"}
	}
	return c.NewForm(r.PostForm), nil
}

// NewForm is a form filled with values, as a page shows it first; nil for an empty one.
func (c *Console) NewForm(values url.Values) *Form {
	if values == nil {
		values = url.Values{}
	}
	return &Form{values: values, clean: c.opt.Clean, wrong: map[string]fault{}}
}

// Get is a field's first value: valid text in NFC without control characters, trimmed.
func (f *Form) Get(name string) string { return f.clean(f.values.Get(name)) }

// Line is Get on one line.
func (f *Form) Line(name string) string { return strings.Join(strings.Fields(f.Get(name)), " ") }

// All are a field's values, cleaned, at most 500.
func (f *Form) All(name string) []string {
	var out []string
	for _, v := range f.values[name] {
		if len(out) == 500 {
			break
		}
		out = append(out, f.clean(v))
	}
	return out
}

// Raw is a field's first value as it came: for passwords.
func (f *Form) Raw(name string) string { return f.values.Get(name) }

// On reports whether a check box was ticked.
func (f *Form) On(name string) bool { return f.values.Get(name) != "" }

// Set changes a field's value.
func (f *Form) Set(name, value string) { f.values.Set(name, value) }

// Fail notes a mistake beside a field; args are pairs of name and value. The first mistake of a field stays.
func (f *Form) Fail(name, key string, args ...any) {
	if _, twice := f.wrong[name]; twice {
		return
	}
	if f.first == "" {
		f.first = name
	}
	f.wrong[name] = fault{key, args}
}

// FailWith notes an *bot.Error beside a field and reports whether err was one;
// any other error is the caller's.
func (f *Form) FailWith(name string, err error) bool {
	e, ok := asError(err)
	if !ok {
		return false
	}
	key := e.Key
	if key == "" {
		key = "web.invalid"
		if e.Code == bot.Conflict {
			key = "web.conflict"
		}
	}
	f.Fail(name, key, e.Args...)
	return true
}

// Failed reports whether a mistake was noted.
func (f *Form) Failed() bool { return len(f.wrong) > 0 }

func asError(err error) (*bot.Error, bool) {
	var e *bot.Error
	ok := errors.As(err, &e)
	return e, ok
}

// Option is a choice of a select.
type Option struct{ Value, Label string }

// Input is a field as the partials "input", "area", "select" and "check" show it.
type Input struct {
	Name, Label, Value, Error, Hint string
	Type                            string // of an input element; "text" when ""
	Autocomplete, InputMode, List   string
	Max, Rows                       string
	Required, Autofocus, Checked    bool
	Options                         []Option
}

// newInput builds an Input for a template: the form, the field's name, the text
// key of its label, then options as "name=value" ("type=email", "hint=feature.key",
// "required", "max=200", "rows=4", "autocomplete=off", "inputmode=numeric", "list=ID", "autofocus") or []Option.
func newInput(t translate, f *Form, name, label string, options ...any) (Input, error) {
	in := Input{Name: name, Type: "text"}
	var err error
	if in.Label, err = t(label); err != nil {
		return in, err
	}
	for _, o := range options {
		if choices, ok := o.([]Option); ok {
			in.Options = choices
			continue
		}
		text, ok := o.(string)
		if !ok {
			return in, fmt.Errorf("field %s: %T is no option", name, o)
		}
		if err := in.set(t, text); err != nil {
			return in, fmt.Errorf("field %s: %w", name, err)
		}
	}
	if f == nil {
		return in, nil
	}
	if in.Type != "password" {
		in.Value, in.Checked = f.values.Get(name), f.On(name)
	}
	if w, ok := f.wrong[name]; ok {
		if in.Error, err = t(w.key, w.args...); err != nil {
			return in, err
		}
		in.Autofocus = f.first == name
	}
	return in, nil
}

func (in *Input) set(t translate, option string) (err error) {
	name, value, _ := strings.Cut(option, "=")
	switch name {
	case "type":
		in.Type = value
	case "hint":
		in.Hint, err = t(value)
	case "max":
		in.Max = value
	case "rows":
		in.Rows = value
	case "autocomplete":
		in.Autocomplete = value
	case "inputmode":
		in.InputMode = value
	case "list":
		in.List = value
	case "required":
		in.Required = true
	case "autofocus":
		in.Autofocus = true
	default:
		err = fmt.Errorf("there is no option %q", name)
	}
	return err
}
