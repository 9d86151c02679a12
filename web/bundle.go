package web

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

//go:embed src component demo
var sources embed.FS

// Files of the library, which a site needs beside its index. ComponentFile and
// ClientFile start WorkerFile, which fetches guest.wasm and kernels_*.wasm from
// the folder that all of them lie in.
const (
	ComponentFile = "effir-search.js"
	ClientFile    = "effir.js"
	WorkerFile    = "worker.js"
	OfflineFile   = "sw.js"
)

// ModuleFiles are the names of the runtime's modules.
var ModuleFiles = []string{"guest.wasm", "kernels_baseline.wasm", "kernels_relaxed.wasm"}

var libraryEntries = []api.EntryPoint{
	{InputPath: "component/index.ts", OutputPath: "effir-search"},
	{InputPath: "src/index.ts", OutputPath: "effir"},
	{InputPath: "src/worker.ts", OutputPath: "worker"},
	{InputPath: "src/sw.ts", OutputPath: "sw"},
}

// Files of the demo's pages.
const (
	PageFile     = "index.html"
	FilesFile    = "files.html"
	HappenedFile = "happened.html"
	IconFile     = "icon.svg"
	StyleFile    = "style.css"
)

var demoEntries = []api.EntryPoint{
	{InputPath: "demo/search.ts", OutputPath: "search"},
	{InputPath: "demo/files.ts", OutputPath: "files"},
	{InputPath: "demo/happened.ts", OutputPath: "happened"},
	{InputPath: "demo/style.css", OutputPath: "style"},
}

// Library returns the scripts that make a search of a folder that holds an index
// and the runtime's modules, as one build, see seal.
func Library(minify bool) (Assets, error) { return LibraryWith(nil, minify) }

// LibraryWith returns the library and the modules that it runs, by the names in
// ModuleFiles, as one build. These modules and no others go with it.
func LibraryWith(modules fs.FS, minify bool) (Assets, error) {
	return sealed(libraryEntries, modules, minify)
}

// Build returns the library and the pages of the demo.
func Build(minify bool) (Assets, error) { return BuildWith(nil, minify) }

// BuildWith is Build with the modules, as one build.
func BuildWith(modules fs.FS, minify bool) (Assets, error) {
	assets, err := sealed(append(libraryEntries[:len(libraryEntries):len(libraryEntries)], demoEntries...), modules, minify)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{PageFile, FilesFile, HappenedFile, IconFile} {
		if assets[name], err = sources.ReadFile("demo/" + name); err != nil {
			return nil, err
		}
	}
	return assets, nil
}

// sealed compiles scripts of this package and makes one build of them and modules.
func sealed(entries []api.EntryPoint, modules fs.FS, minify bool) (Assets, error) {
	assets, err := compile(sources, entries, minify, placeholder)
	if err != nil {
		return nil, err
	}
	if modules != nil {
		for _, name := range ModuleFiles {
			if assets[name], err = fs.ReadFile(modules, name); err != nil {
				return nil, err
			}
		}
	}
	assets.seal()
	return assets, nil
}

// Bundle writes what Build returns to a folder, which it makes if need be. Each
// file is complete at every moment.
func Bundle(ctx context.Context, outDir string, minify bool) error {
	assets, err := Build(minify)
	if err != nil {
		return err
	}
	return assets.write(ctx, outDir)
}

// Compile bundles TypeScript and CSS entry points of a file system into ES
// modules for current browsers. Imports are relative paths with extensions.
func Compile(sources fs.FS, entries []api.EntryPoint, minify bool) (Assets, error) {
	return compile(sources, entries, minify, "")
}

// compile is Compile of a build with a name, or none.
func compile(sources fs.FS, entries []api.EntryPoint, minify bool, build string) (Assets, error) {
	result := api.Build(api.BuildOptions{
		EntryPointsAdvanced: entries,
		Define:              map[string]string{"EFFIR_BUILD": strconv.Quote(build)},
		Bundle:              true,
		Outdir:              "/",
		AbsWorkingDir:       "/",
		Format:              api.FormatESModule,
		Platform:            api.PlatformBrowser,
		Target:              api.ES2022,
		Charset:             api.CharsetUTF8,
		LegalComments:       api.LegalCommentsNone,
		MinifyWhitespace:    minify,
		MinifyIdentifiers:   minify,
		MinifySyntax:        minify,
		TsconfigRaw:         "{}",
		Plugins:             []api.Plugin{fromFS(sources)},
	})
	if len(result.Errors) > 0 {
		messages := api.FormatMessages(result.Errors, api.FormatMessagesOptions{Kind: api.ErrorMessage})
		return nil, errors.New("bundling the page: " + strings.Join(messages, "\n"))
	}
	assets := make(Assets, len(result.OutputFiles))
	for _, file := range result.OutputFiles {
		assets[path.Base(strings.ReplaceAll(file.Path, `\`, "/"))] = file.Contents
	}
	return assets, nil
}

// fromFS lets esbuild read from a file system instead of the disk.
func fromFS(sources fs.FS) api.Plugin {
	const namespace = "sources"
	loaders := map[string]api.Loader{".ts": api.LoaderTS, ".css": api.LoaderCSS}
	return api.Plugin{Name: namespace, Setup: func(build api.PluginBuild) {
		build.OnResolve(api.OnResolveOptions{Filter: ".*"}, func(args api.OnResolveArgs) (api.OnResolveResult, error) {
			name := args.Path
			if args.Kind != api.ResolveEntryPoint {
				name = path.Join(path.Dir(args.Importer), name)
			}
			return api.OnResolveResult{Path: name, Namespace: namespace}, nil
		})
		build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: namespace}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
			loader, known := loaders[path.Ext(args.Path)]
			if !known {
				return api.OnLoadResult{}, fmt.Errorf("%s is neither TypeScript nor CSS", args.Path)
			}
			content, err := fs.ReadFile(sources, args.Path)
			if err != nil {
				return api.OnLoadResult{}, err
			}
			text := string(content)
			return api.OnLoadResult{Contents: &text, Loader: loader}, nil
		})
	}}
}
