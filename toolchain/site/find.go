package site

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// DefaultExclude are pages that generators make beside the content: error pages
// and lists of all words.
var DefaultExclude = []string{"404.html", "genindex*.html", "py-modindex.html"}

// found is a file to read, by its path from the root with slashes.
type found struct {
	file string
	info fs.FileInfo
}

// finder walks a folder. Links to files and folders are followed, but no folder
// is read twice: links come after everything that lies in the folder itself.
type finder struct {
	root    string // absolute
	out     string // absolute and resolved; not entered
	exclude []string
	notes   notes
	pages   []found
	others  map[string]int
	seen    map[string]bool // resolved paths of folders and files
	links   []string
}

// find returns the pages in root, sorted, by extension of the given ones.
func (f *finder) find(ctx context.Context, extensions map[string]bool) ([]found, error) {
	f.seen, f.others = make(map[string]bool), make(map[string]int)
	if err := f.folder(ctx, ".", extensions); err != nil {
		return nil, err
	}
	for len(f.links) > 0 { // a linked folder may hold links
		links := f.links
		f.links = nil
		slices.Sort(links)
		for _, link := range links {
			if err := f.link(ctx, link, extensions); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(f.pages, func(a, b found) int { return strings.Compare(a.file, b.file) })
	return f.pages, nil
}

func (f *finder) folder(ctx context.Context, folder string, extensions map[string]bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	real, err := filepath.EvalSymlinks(filepath.Join(f.root, filepath.FromSlash(folder)))
	if err == nil && f.out != "" && real == f.out {
		return nil
	}
	var entries []fs.DirEntry
	if err == nil {
		f.seen[real] = true
		entries, err = os.ReadDir(real)
	}
	if err != nil {
		f.notes.problem(folder, "cannot be read: "+cause(err))
	}
	for _, entry := range entries {
		file := path.Join(folder, entry.Name())
		switch {
		case strings.HasPrefix(entry.Name(), "."), entry.Name() == "node_modules":
		case f.excluded(file):
			if entry.IsDir() || extensions[extensionOf(file)] {
				f.notes.skip(file, "is excluded by a pattern")
			}
		case entry.Type()&fs.ModeSymlink != 0:
			f.links = append(f.links, file)
		case entry.IsDir():
			if err := f.folder(ctx, file, extensions); err != nil {
				return err
			}
		default:
			f.file(file, extensions)
		}
	}
	return nil
}

// link follows a symbolic link.
func (f *finder) link(ctx context.Context, file string, extensions map[string]bool) error {
	target, err := filepath.EvalSymlinks(filepath.Join(f.root, filepath.FromSlash(file)))
	if err != nil {
		if extensions[extensionOf(file)] || path.Ext(file) == "" {
			f.notes.problem(file, "is a link that leads nowhere: "+cause(err))
		}
		return nil
	}
	info, err := os.Stat(target)
	switch {
	case err != nil:
		f.notes.problem(file, "cannot be read: "+cause(err))
	case info.IsDir() && f.isAround(target, file):
		f.notes.notice(file, "is a link to a folder around it: not followed")
	case f.seen[target]:
		if info.IsDir() || extensions[extensionOf(file)] {
			f.notes.skip(file, "is a link to what is indexed already")
		}
	case info.IsDir():
		return f.folder(ctx, file, extensions)
	default:
		f.file(file, extensions)
	}
	return nil
}

// isAround says whether a link leads to a folder that it lies in.
func (f *finder) isAround(target, link string) bool {
	folder, err := filepath.EvalSymlinks(filepath.Join(f.root, filepath.FromSlash(path.Dir(link))))
	return err == nil && (folder == target || strings.HasPrefix(folder, strings.TrimSuffix(target, string(filepath.Separator))+string(filepath.Separator)))
}

func (f *finder) file(file string, extensions map[string]bool) {
	name := filepath.Join(f.root, filepath.FromSlash(file))
	if !extensions[extensionOf(file)] {
		f.others[extensionOf(file)]++
		return
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		f.notes.problem(file, "cannot be read: "+cause(err))
		return
	case !info.Mode().IsRegular():
		f.notes.problem(file, "is not a file")
		return
	}
	if real, err := filepath.EvalSymlinks(name); err == nil {
		f.seen[real] = true
	}
	f.pages = append(f.pages, found{file, info})
}

// excluded matches patterns: with a slash against the path and the folders above
// it, without one against every element of it.
func (f *finder) excluded(file string) bool {
	return slices.ContainsFunc(f.exclude, func(pattern string) bool {
		pattern = strings.Trim(pattern, "/")
		if !strings.Contains(pattern, "/") {
			matched, _ := path.Match(pattern, path.Base(file))
			return matched
		}
		for part := file; part != "."; part = path.Dir(part) {
			if matched, _ := path.Match(pattern, part); matched {
				return true
			}
		}
		return false
	})
}

// checkPatterns reports the first pattern that can match nothing.
func checkPatterns(patterns []string) error {
	for _, pattern := range patterns {
		if _, err := path.Match(pattern, ""); err != nil {
			return errors.New("pattern " + pattern + " has an unfinished bracket: write [ as \\[")
		}
	}
	return nil
}

func extensionOf(file string) string { return strings.ToLower(path.Ext(file)) }

// cause is an error without the path that the note names already.
func cause(err error) string {
	var failed *fs.PathError
	if errors.As(err, &failed) {
		return failed.Err.Error()
	}
	return err.Error()
}
