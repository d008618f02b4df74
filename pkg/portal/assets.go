package portal

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// assets are the static files under names that change with what is in them, so that browsers
// may keep them for a year.
var assets, assetNames = func() (map[string]asset, map[string]string) {
	files, called := map[string]asset{}, map[string]string{}
	entries, _ := fs.ReadDir(static, "static") // embedded: cannot fail
	for _, e := range entries {
		body, _ := fs.ReadFile(static, path.Join("static", e.Name()))
		sum := sha256.Sum256(body)
		kind := map[string]string{".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}[path.Ext(e.Name())]
		name := strings.TrimSuffix(e.Name(), path.Ext(e.Name())) + "." + hex.EncodeToString(sum[:6]) + path.Ext(e.Name())
		files[name], called[e.Name()] = asset{body, kind}, name
	}
	return files, called
}()

type asset struct {
	body []byte
	kind string
}

// Asset is the address of a static file.
func (v *visit) Asset(name string) string { return v.Href("/static/" + assetNames[name]) }

func serveStatic(w http.ResponseWriter, r *http.Request) {
	file, known := assets[r.PathValue("name")]
	if !known {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", file.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Write(file.body) // a browser that is gone is no news
}
