package web

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

//go:embed src/*.ts demo/*
var sources embed.FS

// Files that a bundle consists of. The page loads app.js and style.css; app.js
// and effir.js start worker.js, which fetches guest.wasm and kernels_*.wasm from
// the folder that all of them lie in.
const (
	PageFile   = "index.html"
	IconFile   = "icon.svg"
	StyleFile  = "style.css"
	AppFile    = "app.js"
	ClientFile = "effir.js"
	WorkerFile = "worker.js"
)

var entryPoints = []api.EntryPoint{
	{InputPath: "demo/app.ts", OutputPath: "app"},
	{InputPath: "demo/style.css", OutputPath: "style"},
	{InputPath: "src/index.ts", OutputPath: "effir"},
	{InputPath: "src/worker.ts", OutputPath: "worker"},
}

// Build returns the search page with all scripts that it needs, and the client
// library (ClientFile) for pages of one's own.
func Build(minify bool) (Assets, error) {
	assets, err := Compile(sources, entryPoints, minify)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{PageFile, IconFile} {
		if assets[name], err = sources.ReadFile("demo/" + name); err != nil {
			return nil, err
		}
	}
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
	result := api.Build(api.BuildOptions{
		EntryPointsAdvanced: entries,
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
