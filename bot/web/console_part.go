package web

import (
	"bytes"
	"fmt"

	"cchcbot/bot"
)

// Part renders one named template of a view in a language, "vi" or "en", for what
// is more than a page: bytes that are hashed, or kept. data is what the template gets.
func (c *Console) Part(view *View, lang, name string, data any) ([]byte, error) {
	v := voice{lang: lang, form: bot.FormPlain}
	if v.lang != "en" {
		v.lang = "vi"
	}
	var b bytes.Buffer
	if err := view.sets[v].ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("web: part %s of %s: %w", name, view.name, err)
	}
	return b.Bytes(), nil
}
