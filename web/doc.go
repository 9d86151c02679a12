// Package web bundles the TypeScript library, its web component and the pages of
// the demo. The sources are part of the program: bundling takes milliseconds,
// needs neither files nor Node, and happens whenever a page is served or published.
package web

//go:generate go run ./selftest
