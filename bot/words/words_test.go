package words

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func catalog(vi, en string) fs.FS {
	return fstest.MapFS{"text/vi.toml": {Data: []byte(vi)}, "text/en.toml": {Data: []byte(en)}}
}

func TestSharedCatalogsAgree(t *testing.T) {
	w, err := Load(Shared())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Check(); err != nil {
		t.Error(err)
	}
	if len(w.Keys("vi")) < 20 {
		t.Errorf("only %d keys", len(w.Keys("vi")))
	}
}

func TestRender(t *testing.T) {
	w, err := Load(catalog(`
[a]
plain = "Chào anh/chị"
named = "Mã {{.code}}"
list = "Giấy tờ:{{range .papers}}\n• {{.}}{{end}}"
only_vi = "riêng"
[a.left]
one = "Còn {{.count}} việc"
other = "Còn {{.count}} việc nữa"
`, `
[a]
plain = "Hello"
named = "Code {{.code}}"
list = "Papers:{{range .papers}}\n• {{.}}{{end}}"
[a.left]
one = "{{.count}} thing left"
other = "{{.count}} things left"
`))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		lang, key string
		args      map[string]any
		want      string
		fails     string
	}{
		{"vi", "a.plain", nil, "Chào anh/chị", ""},
		{"en", "a.plain", nil, "Hello", ""},
		{"fr", "a.plain", nil, "Chào anh/chị", ""}, // an unknown language reads the default
		{"vi", "a.named", map[string]any{"code": "<1.001193>"}, "Mã <1.001193>", ""},
		{"vi", "a.named", nil, "", "a.named"}, // never "<no value>"
		{"en", "a.list", map[string]any{"papers": []string{"one", "two"}}, "Papers:\n• one\n• two", ""},
		{"en", "a.left", map[string]any{"count": 1}, "1 thing left", ""},
		{"en", "a.left", map[string]any{"count": 2}, "2 things left", ""},
		{"vi", "a.left", map[string]any{"count": 5}, "Còn 5 việc nữa", ""},
		{"en", "a.left", nil, "a.left", "needs an argument count"},
		{"en", "a.only_vi", nil, "riêng", "a.only_vi"},
		{"vi", "a.missing", nil, "a.missing", "a.missing"},
	}
	for _, tt := range tests {
		got, err := w.Render(tt.lang, tt.key, tt.args)
		switch {
		case tt.fails == "" && err != nil:
			t.Errorf("%s %s: %v", tt.lang, tt.key, err)
		case tt.fails != "" && (err == nil || !strings.Contains(err.Error(), tt.fails)):
			t.Errorf("%s %s: error %v, want one with %q", tt.lang, tt.key, err, tt.fails)
		}
		if tt.want != "" && got != tt.want {
			t.Errorf("%s %s = %q, want %q", tt.lang, tt.key, got, tt.want)
		}
		if strings.Contains(got, "<no value>") {
			t.Errorf("%s %s shows <no value>", tt.lang, tt.key)
		}
	}
}

func TestCheckNamesEveryDifference(t *testing.T) {
	w, err := Load(catalog("[a]\nx = \"{{.code}}\"\ny = \"y\"\n[a.z]\none=\"1\"\nother=\"n\"", "[a]\nx = \"{{.name}}\"\nz=\"n\"\nq=\"q\""))
	if err != nil {
		t.Fatal(err)
	}
	err = w.Check()
	for _, want := range []string{"a.x has placeholders", "a.y is missing in en", "a.q is missing in vi", "a.z has plural forms in one"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Check() = %v, want it to say %q", err, want)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	one := catalog("[a]\nx = \"x\"", "[a]\nx = \"x\"")
	for name, sources := range map[string][]fs.FS{
		"two catalogs with one key": {one, one},
		"broken file":               {catalog("[a\nx", "[a]\nx = \"x\"")},
		"missing language":          {fstest.MapFS{"text/vi.toml": {Data: []byte("[a]\nx=\"x\"")}}},
	} {
		if _, err := Load(sources...); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
