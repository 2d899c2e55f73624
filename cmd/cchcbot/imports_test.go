package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the import path of this repository.
const module = "cchcbot"

// floor says which packages of ours the packages it names may import. A name
// ending in "/*" stands for every folder below it; a rule further up wins.
type floor struct {
	packages []string
	may      []string
}

// floors is the table of docs/architecture.md: who may import whom.
var floors = []floor{
	{packages: []string{"bot", "knowledge", "knowledge/vietnamese", "knowledge/calendar"}},
	{packages: []string{"bot/bottest"}, may: []string{"bot", "bot/*", "knowledge", "knowledge/*"}},
	{packages: []string{"bot/bottest/*"}, may: []string{"bot/bottest/*", "bot/zalo/codes"}},
	{packages: []string{"bot/zalo/codes"}},
	{packages: []string{"bot/fetch"}},
	{packages: []string{"bot/zalo"}, may: []string{"bot", "bot/fetch", "bot/zalo/codes"}},
	{packages: []string{"bot/zalobot"}, may: []string{"bot", "bot/fetch"}},
	{packages: []string{"bot/store"}, may: []string{"bot", "bot/sqldb"}},
	{packages: []string{"bot/delivery", "bot/web"}, may: []string{"bot"}},
	{packages: []string{"knowledge/exam"}, may: []string{"knowledge", "knowledge/*"}},
	{packages: []string{"knowledge/content"}, may: []string{"knowledge"}},
	{packages: []string{"knowledge/*"}, may: []string{"knowledge", "knowledge/vietnamese"}},
	{packages: []string{"bot/*"}, may: []string{"bot"}},
	{packages: []string{"handlers"}, may: []string{"bot", "handlers/*"}},
	{packages: []string{"handlers/complaints"}, may: []string{"bot", "bot/web", "bot/media", "bot/sheet", "knowledge", "knowledge/intent", "knowledge/directory", "knowledge/calendar", "handlers/complaints/*"}},
	{packages: []string{"handlers/complaints/cases"}, may: []string{"bot", "knowledge/directory", "knowledge/calendar"}},
	{packages: []string{"handlers/complaints/mask"}},
	{packages: []string{"handlers/complaints/*"}, may: []string{"bot", "bot/web", "bot/media", "bot/sheet", "knowledge", "knowledge/intent", "knowledge/directory", "knowledge/calendar", "handlers/complaints/cases", "handlers/complaints/mask"}},
	{packages: []string{"handlers/news"}, may: []string{"bot", "bot/web", "bot/media", "bot/sheet", "knowledge", "knowledge/intent", "knowledge/directory", "knowledge/calendar", "handlers/news/*"}},
	{packages: []string{"handlers/news/items"}, may: []string{"bot", "knowledge/directory", "knowledge/calendar"}},
	{packages: []string{"handlers/news/sources"}, may: []string{"bot", "bot/web", "bot/fetch", "knowledge", "knowledge/calendar", "handlers/news/items"}},
	{packages: []string{"handlers/news/plain"}},
	{packages: []string{"handlers/news/*"}, may: []string{"bot", "bot/web", "bot/media", "bot/sheet", "knowledge", "knowledge/intent", "knowledge/directory", "knowledge/calendar", "handlers/news/items", "handlers/news/plain"}},
	{packages: []string{"handlers/procedures"}, may: []string{"bot", "bot/web", "bot/media", "bot/sheet", "knowledge", "knowledge/intent", "knowledge/directory", "knowledge/calendar", "handlers/procedures/*"}},
	{packages: []string{"handlers/procedures/entries"}, may: []string{"bot", "knowledge", "knowledge/directory", "knowledge/calendar"}},
	{packages: []string{"handlers/procedures/*"}, may: []string{"bot", "bot/web", "bot/media", "bot/sheet", "knowledge", "knowledge/intent", "knowledge/directory", "knowledge/calendar", "handlers/procedures/entries"}},
	{packages: []string{"handlers/*"}, may: []string{"bot", "bot/web", "bot/media", "bot/sheet", "knowledge", "knowledge/intent", "knowledge/directory", "knowledge/calendar"}},
	{packages: []string{"cmd/*"}, may: []string{"*"}},
}

func matches(pattern, pkg string) bool {
	if pattern == "*" {
		return true
	}
	if base, ok := strings.CutSuffix(pattern, "/*"); ok {
		return strings.HasPrefix(pkg, base+"/")
	}
	return pattern == pkg
}

func floorOf(pkg string) *floor {
	for i := range floors {
		if slices.ContainsFunc(floors[i].packages, func(p string) bool { return matches(p, pkg) }) {
			return &floors[i]
		}
	}
	return nil
}

func TestImportFloors(t *testing.T) {
	root := filepath.Join("..", "..")
	seen := 0
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || d.Name() == "testdata" || d.Name() == "data") && file != root {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(file, ".go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(rel)
		f := floorOf(pkg)
		if f == nil {
			t.Errorf("%s: package %s stands on no floor; add it to the table or move it", file, pkg)
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		seen++
		isTest := strings.HasSuffix(file, "_test.go")
		for _, imp := range parsed.Imports {
			p, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				return err
			}
			ours, ok := strings.CutPrefix(p, module+"/")
			if !ok || ours == pkg {
				continue
			}
			if isTest && ours != "cmd/cchcbot" {
				continue // a test may use any part of the house but the program
			}
			if ours == "bot/bottest" {
				t.Errorf("%s imports %s, which is for tests only", file, ours)
				continue
			}
			if !slices.ContainsFunc(f.may, func(m string) bool { return matches(m, ours) }) {
				t.Errorf("%s: %s may not import %s (it may import %v)", path.Base(file), pkg, ours, f.may)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 50 {
		t.Errorf("only %d Go files were looked at: is the walk right?", seen)
	}
}

// TestKernelUsesStandardLibraryOnly holds the first floor to its promise.
func TestKernelUsesStandardLibraryOnly(t *testing.T) {
	for _, dir := range []string{"bot", "knowledge"} {
		files, err := filepath.Glob(filepath.Join("..", "..", dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %d files", dir, err, len(files))
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, imp := range parsed.Imports {
				if p, _ := strconv.Unquote(imp.Path.Value); strings.Contains(strings.SplitN(p, "/", 2)[0], ".") || strings.HasPrefix(p, module) {
					t.Errorf("%s imports %s; the first floor uses the standard library only", file, p)
				}
			}
		}
	}
}
