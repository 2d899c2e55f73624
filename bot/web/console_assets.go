package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
)

// assetsPath is where the kit's style and scripts are served, for everybody.
const assetsPath = "/assets/kit/"

type asset struct {
	body    []byte
	kind    string
	version string // start of its hash: a new one is a new address
}

func loadAssets() (map[string]asset, error) {
	kinds := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".LICENSE": "text/plain; charset=utf-8"}
	out := map[string]asset{}
	entries, err := fs.ReadDir(kitFiles, "kit/static")
	if err != nil {
		return nil, fmt.Errorf("web: assets: %w", err)
	}
	for _, e := range entries {
		b, err := kitFiles.ReadFile("kit/static/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("web: assets: %w", err)
		}
		kind := kinds[path.Ext(e.Name())]
		if kind == "" {
			kind = mime.TypeByExtension(path.Ext(e.Name()))
		}
		sum := sha256.Sum256(b)
		out[e.Name()] = asset{body: b, kind: kind, version: hex.EncodeToString(sum[:6])}
	}
	return out, nil
}

// Assets serves the kit's style and scripts; the program mounts it at [AssetsPattern].
func (c *Console) Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := c.assets[r.PathValue("file")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.kind)
		h.Set("Cache-Control", "public, max-age=300")
		if r.URL.Query().Get("v") == a.version {
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		h.Set("ETag", `"`+a.version+`"`)
		if r.Header.Get("If-None-Match") == `"`+a.version+`"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write(a.body) // a client that went away needs no answer
	})
}

// AssetsPattern is where [Console.Assets] is mounted.
const AssetsPattern = "GET " + assetsPath + "{file}"

func (c *Console) assetURL(name string) (string, error) {
	a, ok := c.assets[name]
	if !ok {
		return "", fmt.Errorf("there is no asset %q", name)
	}
	return assetsPath + name + "?v=" + a.version, nil
}
