package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/effir/effir/toolchain/site"
	"github.com/effir/effir/wasm/index"
)

func indexCommand() *cobra.Command {
	var o indexOptions
	o.fusion = index.DefaultFusion()
	c := &cobra.Command{
		Use:   "index FOLDER | FILE.jsonl | godoc",
		Short: "Make the search of a site, beside it",
		Long: `Make the search of a site: a bundle of small files that any static host serves, the
runtime and the model. Two lines of HTML then search it:

  <script type="module" src="/effir/effir-search.js"></script>
  <effir-search></effir-search>

FOLDER holds a built site (HTML), or Markdown and text files. FILE.jsonl holds one page a
line, {"id", "url", "title", "text", "lang", "image", "meta", "filters", "sorts"}; only id
(or _id) or url, and title or text, are needed. A folder with corpus.jsonl is read as that
file. "godoc" is the documentation of the installed Go.

Running it again embeds only passages that are new: vectors are kept in $EFFIR_CACHE, or
else effir in the user's cache folder, as long as a site uses them and some time after.

What of a page is indexed: the elements with data-effir-body, else <main>, else <article>,
else the body without <nav>, <header>, <footer> and <aside>. Pages are divided at headings,
and at terms of definition lists that have an id. Lists of 30 or more links into the site
and nothing else (tables of contents) are passed over unless data-effir-body holds them.
Attributes for owners of a site:

  data-effir-body                 only this element of the page
  data-effir-ignore               not this one (="all": not its attributes either)
  data-effir-title                its text, or ="a title", instead of <h1> and <title>
  data-effir-meta="author"        shown with results: the element's text as "author",
    ="image[src], date:2024"        an attribute of it, a literal text (goes to the end)
  data-effir-filter="section"     results can be narrowed by it; may come several times
  data-effir-sort="date"          results can be ordered by it

Without them: title, description, author, picture, date and language are taken from the
page's head; title, description, author, date, image, tags, categories, lang, url and
draft from the front matter of Markdown. Pages with <meta name="robots"
content="noindex"> are left out.

What could not be read is named at the end; the rest is indexed. Named too are pages that deserve
a look, such as very large ones, and those mostly in a script that the model does not know
(the released one knows Latin, Greek and Cyrillic letters): only keywords find them.`,
		Example: `  effir index public
  effir index docs --markdown-urls folder -o public/effir
  effir index public --dry-run
  effir index public --watch
  effir index godoc -o site/effir
  effir index godoc --whole -o site/index`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.check(args[0]); err != nil {
				return err
			}
			if o.whole {
				return indexWhole(c, args[0], o)
			}
			return indexSite(c.Context(), c.OutOrStdout(), c.ErrOrStderr(), args[0], o)
		},
	}
	f := c.Flags()
	f.StringVarP(&o.out, "out", "o", "", "folder of the bundle (default: effir in FOLDER, or beside FILE.jsonl)")
	modelFlag(f, &o.model)
	f.BoolVar(&o.keywordOnly, "keyword-only", false, "embed nothing: search by keyword alone")
	f.BoolVar(&o.bundleOnly, "bundle-only", false, "write the bundle without the scripts, the runtime and the model")
	f.BoolVar(&o.dryRun, "dry-run", false, "list the pages that would be indexed and write nothing")
	f.BoolVar(&o.passages, "passages", false, "with --dry-run: show the passages too")
	f.BoolVar(&o.watch, "watch", false, "stay and build again after every change")
	f.BoolVar(&o.strict, "strict", false, "fail if anything could not be read")
	f.StringVar(&o.report, "report", "", "write what became of every page to this JSON file")
	f.StringVar(&o.urlBase, "url-base", "", "address of the site, such as /docs/ (default: relative to the bundle)")
	f.StringVar(&o.language, "language", "", "language of pages that do not say theirs, such as en")
	f.StringSliceVar(&o.types, "types", nil, "kinds of pages: html, md, txt (default: html if there is any, else md and txt)")
	f.StringVar(&o.markdownURLs, "markdown-urls", "file", "where the page of a/b.md is shown: file (a/b.md), html (a/b.html), folder (a/b/)")
	f.StringSliceVar(&o.exclude, "exclude", site.DefaultExclude, "patterns of files and folders to leave out, instead of these")
	f.BoolVar(&o.pagefind, "pagefind", false, "read data-pagefind-... attributes as if they were data-effir-...")
	f.StringVar(&o.guest, "guest", "", "guest module (default: guest.wasm beside this program)")
	f.Float32Var(&o.fusion.Keyword, "keyword-weight", o.fusion.Keyword, "weight in fusion of a passage's share of the best keyword score")
	f.Float32Var(&o.fusion.Semantic, "semantic-weight", o.fusion.Semantic, "weight in fusion of the squared number of deviations of similarity")
	f.BoolVar(&o.whole, "whole", false, `make the bundle of three files that "effir search", the edge worker and servers hold in memory; of "godoc" or a folder with corpus.jsonl`)
	return c
}

// indexOptions are the flags of effir index.
type indexOptions struct {
	out, model, report, urlBase, language, markdownURLs, guest string
	types, exclude                                             []string
	fusion                                                     index.Fusion

	keywordOnly, bundleOnly, dryRun, passages, watch, strict, pagefind, whole bool
}

// check refuses what cannot be meant, and finds the folder of the bundle.
func (o *indexOptions) check(source string) error {
	switch {
	case o.whole && o.out == "":
		return errors.New("--whole needs the folder of the bundle: name it with -o")
	case o.whole && (o.watch || o.dryRun):
		return errors.New("--whole goes with neither --watch nor --dry-run: leave one out")
	case o.dryRun && o.watch:
		return errors.New("--dry-run writes nothing, --watch only ends by Ctrl+C: leave one out")
	case source == "godoc" && o.watch:
		return errors.New("--watch watches files: godoc has none of yours")
	case o.passages && !o.dryRun:
		return errors.New("--passages shows what --dry-run lists: add that")
	}
	switch o.markdownURLs {
	case "file", "html", "folder":
	default:
		return fmt.Errorf("--markdown-urls is %q: choose file, html or folder", o.markdownURLs)
	}
	if err := o.fusion.Check(); err != nil {
		return err
	}
	if o.out != "" {
		if o.watch && sameFolder(o.out, source) {
			return errors.New("--watch would see its own bundle: write it to a folder of its own with -o")
		}
		return nil
	}
	switch info, err := os.Stat(source); {
	case source == "godoc" && err != nil:
		if !o.dryRun {
			return errors.New("godoc lies in no folder of yours: name that of the bundle with -o")
		}
	case err != nil:
		return fmt.Errorf("%w: give a folder of HTML or Markdown, a file of JSON lines, or godoc", err)
	case info.IsDir():
		o.out = filepath.Join(source, "effir")
	default:
		o.out = filepath.Join(filepath.Dir(source), "effir")
	}
	return nil
}

func sameFolder(a, b string) bool {
	first, err1 := os.Stat(a)
	second, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(first, second)
}

// readSite reads the pages of a source. memory keeps them for the next time.
func readSite(ctx context.Context, source string, o indexOptions, budget site.Budget, memory *site.Memory, progress func(done, total int)) (*site.Collection, error) {
	info, err := os.Stat(source)
	if source == "godoc" && err != nil {
		passages, err := readCorpus(ctx, source)
		if err != nil {
			return nil, err
		}
		return site.GoDoc(passages, budget), nil
	}
	if err != nil {
		return nil, err
	}
	lines := site.JSONLOptions{Language: o.language, Budget: budget, URLBase: o.urlBase, Progress: progress}
	if !info.IsDir() {
		if !strings.EqualFold(filepath.Ext(source), ".jsonl") && !strings.EqualFold(filepath.Ext(source), ".ndjson") {
			return nil, fmt.Errorf("%s: is neither a folder nor a file of JSON lines (.jsonl)", source)
		}
		return site.JSONL(ctx, source, lines)
	}
	if corpusFile := filepath.Join(source, "corpus.jsonl"); len(o.types) == 0 {
		if _, err := os.Stat(corpusFile); err == nil {
			return site.JSONL(ctx, corpusFile, lines)
		}
	}
	folder := site.FolderOptions{
		HTMLOptions: site.HTMLOptions{Language: o.language, Budget: budget},
		Out:         o.out, URLBase: o.urlBase, Types: o.types, MarkdownURLs: o.markdownURLs, Exclude: o.exclude,
		Memory: memory, Progress: progress,
	}
	if o.pagefind {
		folder.Prefixes = []string{site.DefaultPrefix, site.PagefindPrefix}
	}
	return site.Folder(ctx, source, folder)
}
