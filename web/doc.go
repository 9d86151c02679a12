// Package web bundles the TypeScript host of the runtime and the search page.
// The sources are part of the program: bundling takes milliseconds, needs
// neither files nor Node, and happens whenever a page is served or published.
package web
