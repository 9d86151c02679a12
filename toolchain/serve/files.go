package serve

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// contentName is the name of a file that is named by its SHA-256, or by the first
// half of it.
var contentName = regexp.MustCompile(`^([0-9a-f]{64}|[0-9a-f]{32})\.bin$`)

// mimeTypes are set by hand: tables of the operating system differ, and without
// application/wasm a browser cannot compile while it downloads.
var mimeTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".json": "application/json",
	".wasm": "application/wasm",
	".svg":  "image/svg+xml",
	".bin":  "application/octet-stream",
}

// packageFile lets through the manifests and the content-named files of a
// package directory, and nothing else that may lie there.
func packageFile(manifests ...string) func(*http.Request) string {
	return func(r *http.Request) string {
		name := r.PathValue("file")
		if slices.Contains(manifests, name) || contentName.MatchString(name) {
			return name
		}
		return ""
	}
}

// rootFile is any file in the root whose type the page can need.
func rootFile(r *http.Request) string {
	name := r.PathValue("file")
	if strings.HasPrefix(name, ".") || mimeTypes[path.Ext(name)] == "" {
		return ""
	}
	return name
}

// files serves those files of dir that name returns a name for.
func (s *Server) files(dir fs.FS, name func(*http.Request) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file := name(r)
		if dir == nil || file == "" {
			http.NotFound(w, r)
			return
		}
		if err := s.file(w, r, dir, file); errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
			http.NotFound(w, r)
		} else if err != nil {
			http.Error(w, "the file cannot be read: "+err.Error(), http.StatusInternalServerError)
		}
	})
}

// file answers with one file. Files named by their content never change and
// may be large: they are streamed, in ranges if asked for. All others are small
// and may change: they are read whole, compressed, and revalidated by hash.
func (s *Server) file(w http.ResponseWriter, r *http.Request, dir fs.FS, name string) error {
	f, err := dir.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	header := w.Header()
	if sum := contentName.FindStringSubmatch(name); sum != nil {
		seeker, ok := f.(io.ReadSeeker)
		if !ok {
			return fmt.Errorf("%s cannot be streamed", name)
		}
		header.Set("Content-Type", mimeTypes[".bin"])
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
		header.Set("ETag", `"`+sum[1]+`"`)
		http.ServeContent(w, r, name, time.Time{}, seeker)
		return nil
	}
	content, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	b := s.cache.body(content, acceptsBrotli(r))
	header.Set("Content-Type", mimeTypes[path.Ext(name)])
	header.Set("Cache-Control", "no-cache")
	header.Set("Vary", "Accept-Encoding")
	header.Set("ETag", b.etag)
	if b.encoding != "" {
		header.Set("Content-Encoding", b.encoding)
		// ServeContent does not say the length of an encoded body, which the page
		// about what happened asks for.
		header.Set("Content-Length", strconv.Itoa(len(b.bytes)))
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(b.bytes))
	return nil
}

// overlay joins page and modules, which share the root.
func (s *Server) overlay() fs.FS { return layers{s.options.Page, s.options.Modules} }

// layers opens a file from the first file system that has it.
type layers []fs.FS

func (l layers) Open(name string) (fs.File, error) {
	for _, layer := range l {
		if layer == nil {
			continue
		}
		if f, err := layer.Open(name); !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}
