// Package words holds every sentence the bot says. It loads message catalogs
// (text/<lang>.toml) of the kernel and of each feature with go-i18n and renders
// keys in a citizen's language.
//
// Go code holds keys such as "menu.welcome", catalogs hold sentences. A message
// with a number has the plural forms "one" and "other" in both languages, since
// the plural rules for Vietnamese know both. Placeholders are text/template
// fields: "Còn {{.count}} thủ tục". A placeholder without a value is an error,
// never "<no value>" in front of a citizen.
package words

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"sort"
	"strings"
	"text/template"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	gotemplate "github.com/nicksnyder/go-i18n/v2/i18n/template"
	"golang.org/x/text/language"
)

// Langs are the languages the bot speaks; the first is the default.
var Langs = [...]string{"vi", "en"}

//go:embed text/*.toml
var shared embed.FS

// Shared is the kernel's own catalog.
func Shared() fs.FS { return shared }

// Words renders text keys. It never changes after Load and is safe for
// concurrent use.
type Words struct {
	localizers map[string]*i18n.Localizer
	messages   map[string]map[string]Message // language -> key -> message
	parser     gotemplate.Parser
}

// parser lets go-i18n keep parsed templates: it parses anew for each text when
// there are functions, but ours are always the same.
type parser struct{ gotemplate.TextParser }

// Cacheable implements go-i18n's template.Parser.
func (*parser) Cacheable() bool { return true }

// Message is one entry of a catalog, for tests that compare catalogs.
type Message struct {
	Text   string // the only form, or "other"
	One    string // singular; "" when the message has no plural
	Plural bool
}

// Load reads the catalogs of each source: text/vi.toml and text/en.toml in it,
// and parts such as text/form.vi.toml where a catalog is long. A key that two sources claim is an error, and so is a file that does not parse.
func Load(sources ...fs.FS) (*Words, error) {
	bundle := i18n.NewBundle(language.Vietnamese)
	bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	w := &Words{
		localizers: map[string]*i18n.Localizer{}, messages: map[string]map[string]Message{},
		parser: &parser{gotemplate.TextParser{Option: "missingkey=error", Funcs: template.FuncMap{"join": strings.Join}}},
	}
	for _, lang := range Langs {
		w.messages[lang] = map[string]Message{}
		for _, src := range sources {
			if err := w.load(bundle, lang, src); err != nil {
				return nil, err
			}
		}
		w.localizers[lang] = i18n.NewLocalizer(bundle, lang)
	}
	return w, nil
}

func (w *Words) load(bundle *i18n.Bundle, lang string, src fs.FS) error {
	parts, err := fs.Glob(src, "text/*."+lang+".toml")
	if err != nil {
		return fmt.Errorf("catalog: %w", err)
	}
	for _, name := range append([]string{path.Join("text", lang+".toml")}, parts...) {
		if err := w.loadFile(bundle, lang, src, name); err != nil {
			return err
		}
	}
	return nil
}

func (w *Words) loadFile(bundle *i18n.Bundle, lang string, src fs.FS, name string) error {
	data, err := fs.ReadFile(src, name)
	if err != nil {
		return fmt.Errorf("catalog: %w", err)
	}
	file, err := bundle.ParseMessageFileBytes(data, name)
	if err != nil {
		return fmt.Errorf("catalog %s: %w", name, err)
	}
	for _, m := range file.Messages {
		if _, dup := w.messages[lang][m.ID]; dup {
			return fmt.Errorf("catalog %s: key %s stands in two catalogs", name, m.ID)
		}
		w.messages[lang][m.ID] = Message{Text: m.Other, One: m.One, Plural: m.One != ""}
	}
	return nil
}

// Render returns the text of a key. When a key is missing or its placeholders
// are not filled it fails, and the text is then the best there is: the default
// language's, or the key.
func (w *Words) Render(lang, key string, args map[string]any) (string, error) {
	loc, ok := w.localizers[lang]
	if !ok {
		loc = w.localizers[Langs[0]]
	}
	if args == nil {
		args = map[string]any{}
	}
	cfg := &i18n.LocalizeConfig{MessageID: key, TemplateData: args, TemplateParser: w.parser}
	if m := w.messages[Langs[0]][key]; m.Plural {
		count, ok := args["count"]
		if !ok {
			return key, fmt.Errorf("text %s has plural forms and needs an argument count", key)
		}
		cfg.PluralCount = count
	}
	text, err := loc.Localize(cfg)
	if err != nil {
		if text == "" {
			text = key
		}
		return text, fmt.Errorf("text %s (%s): %w", key, lang, err)
	}
	return text, nil
}

// Keys lists all keys of a language, sorted.
func (w *Words) Keys(lang string) []string {
	keys := make([]string, 0, len(w.messages[lang]))
	for k := range w.messages[lang] {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// Message returns a catalog entry.
func (w *Words) Message(lang, key string) (Message, bool) {
	m, ok := w.messages[lang][key]
	return m, ok
}

var placeholder = regexp.MustCompile(`\.[a-z_]+`)

// Check returns everything in which the languages disagree: keys missing in
// one, placeholders that differ, plural forms in one only.
func (w *Words) Check() error {
	var errs []error
	base := Langs[0]
	for _, lang := range Langs[1:] {
		for _, key := range w.Keys(base) {
			other, ok := w.messages[lang][key]
			if !ok {
				errs = append(errs, fmt.Errorf("key %s is missing in %s", key, lang))
				continue
			}
			m := w.messages[base][key]
			if m.Plural != other.Plural {
				errs = append(errs, fmt.Errorf("key %s has plural forms in one language only", key))
			}
			if a, b := fields(m), fields(other); !slices.Equal(a, b) {
				errs = append(errs, fmt.Errorf("key %s has placeholders %v in %s and %v in %s", key, a, base, b, lang))
			}
		}
		for _, key := range w.Keys(lang) {
			if _, ok := w.messages[base][key]; !ok {
				errs = append(errs, fmt.Errorf("key %s is missing in %s", key, base))
			}
		}
	}
	return errors.Join(errs...)
}

// fields lists the placeholders of a message, without repeats, sorted.
func fields(m Message) []string {
	var found []string
	for _, action := range regexp.MustCompile(`\{\{[^}]*\}\}`).FindAllString(m.Text+m.One, -1) {
		found = append(found, placeholder.FindAllString(action, -1)...)
	}
	slices.Sort(found)
	return slices.Compact(found)
}
