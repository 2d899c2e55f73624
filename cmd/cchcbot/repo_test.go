package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"cchcbot/bot/media"
	"cchcbot/bot/web"
	"cchcbot/bot/words"
	"cchcbot/handlers/calendar"
	"cchcbot/handlers/directory"
	"cchcbot/handlers/menu"
	"cchcbot/handlers/procedures"
)

// catalogs loads every catalog of the repository, the way the program does.
func catalogs(t *testing.T) *words.Words {
	t.Helper()
	sources := append([]fs.FS{words.Shared(), web.Texts(), media.Texts()}, reasonTexts()...)
	for _, name := range []string{"menu", "complaints", "directory", "procedures", "console", "calendar", "news"} {
		sources = append(sources, os.DirFS(filepath.Join("..", "..", "handlers", name)))
	}
	w, err := words.Load(sources...)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// goFiles parses every Go file outside of tests.
func goFiles(t *testing.T) map[string]*ast.File {
	t.Helper()
	out := map[string]*ast.File{}
	root := filepath.Join("..", "..")
	for _, dir := range []string{"bot", "handlers", "knowledge", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
			out[path] = f
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestCatalogsAgree: the same keys, placeholders and plural forms in all languages.
func TestCatalogsAgree(t *testing.T) {
	if err := catalogs(t).Check(); err != nil {
		t.Error(err)
	}
}

// TestEveryKeyIsUsedAndExists reads the code: a key of a catalog that no code
// names is dead, a key in the code that no catalog has is a hole.
func TestEveryKeyIsUsedAndExists(t *testing.T) {
	w := catalogs(t)
	literals := map[string]bool{}
	var prefixes []string
	spoken := map[string]string{} // keys in places where only keys stand -> file
	for path, file := range goFiles(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if s, ok := stringOf(n); ok {
					literals[s] = true
					if strings.HasSuffix(s, "_") && strings.Contains(s, ".") {
						prefixes = append(prefixes, s)
					}
				}
			case *ast.KeyValueExpr:
				if id, ok := n.Key.(*ast.Ident); ok && (id.Name == "Key" || id.Name == "Words") {
					if s, ok := stringOf(n.Value); ok && strings.Contains(s, ".") {
						spoken[s] = path
					}
				}
			case *ast.CallExpr:
				if sel, ok := n.Fun.(*ast.SelectorExpr); ok && len(n.Args) > 0 && (sel.Sel.Name == "Say" || sel.Sel.Name == "Again" || sel.Sel.Name == "More") {
					if s, ok := stringOf(n.Args[0]); ok {
						spoken[s] = path
					}
				}
			}
			return true
		})
	}
	for path, text := range templates(t) {
		for _, m := range quotedKey.FindAllStringSubmatch(text, -1) {
			literals[m[1]] = true
			if strings.HasSuffix(m[1], "_") {
				prefixes = append(prefixes, m[1])
			}
		}
		for _, m := range templateKey.FindAllStringSubmatch(text, -1) {
			spoken[m[1]] = path
		}
	}
	for key, path := range spoken {
		if _, ok := w.Message("vi", key); !ok && key != "" {
			t.Errorf("%s says %q, which no catalog has", path, key)
		}
	}
	if len(spoken) < 40 {
		t.Errorf("only %d spoken keys found: does the test still read the code?", len(spoken))
	}
	for _, key := range w.Keys("vi") {
		used := literals[key]
		for _, p := range prefixes {
			used = used || strings.HasPrefix(key, p)
		}
		if !used {
			t.Errorf("key %s stands in the catalogs and nowhere in the code", key)
		}
	}
}

// Keys in templates: {{T "feature.sentence" …}}, and the label of a field.
var (
	quotedKey   = regexp.MustCompile(`["=]([a-z][a-z0-9]*\.[a-z0-9_]+)"`)
	templateKey = regexp.MustCompile(`(?:\bT|input \S+ "[^"]*") "([a-z][a-z0-9]*\.[a-z0-9_]*[a-z0-9])"`)
)

// templates reads the pages of the repository.
func templates(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, dir := range []string{"bot", "handlers"} {
		err := filepath.WalkDir(filepath.Join("..", "..", dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".html" {
				return err
			}
			b, err := os.ReadFile(path)
			out[path] = string(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func stringOf(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

// TestButtonTitlesAreShort: a title is read on a narrow screen.
func TestButtonTitlesAreShort(t *testing.T) {
	w := catalogs(t)
	seen := 0
	for _, lang := range words.Langs {
		for _, key := range w.Keys(lang) {
			if _, name, _ := strings.Cut(key, "."); !strings.HasPrefix(name, "button_") {
				continue
			}
			seen++
			m, _ := w.Message(lang, key)
			if n := utf8.RuneCountInString(m.Text); n > 24 {
				t.Errorf("%s in %s has %d letters, at most 24: %q", key, lang, n, m.Text)
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d titles found", seen)
	}
}

// TestNoSentencesInCode: what people read stands in the catalogs and in data.
func TestNoSentencesInCode(t *testing.T) {
	const marks = "ăâđêôơưạảãàáằắẳẵặầấẩẫậẹẻẽèéềếểễệịỉĩìíọỏõòóồốổỗộờớởỡợụủũùúừứửữựỳýỵỷỹ"
	for path, file := range goFiles(t) {
		if filepath.Base(path) == "syllable.go" || strings.Contains(filepath.ToSlash(path), "/bot/bottest/") {
			continue // the sounds of the language; what tests say
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok {
				if s, ok := stringOf(lit); ok && len(strings.Fields(s)) > 4 && strings.ContainsAny(strings.ToLower(s), marks) {
					t.Errorf("%s holds a Vietnamese sentence: %.60q", path, s)
				}
			}
			return true
		})
	}
}

// The features' names, so that a folder which moves is noticed here.
var _ = []any{menu.New, directory.New, procedures.New, calendar.New}
