// Package enginetest holds the tests that run the product as readers meet it, in
// each of three browser engines: a small site that was indexed as any other, the
// two lines of HTML, a static host with a strict Content-Security-Policy, and
// what networks, disks and impatient people do to them.
//
// EFFIR_REQUIRE_ENGINES=1 turns a missing engine, and a scenario that is skipped
// without being a listed exception, into a failure;
// EFFIR_SCREENSHOTS names a folder for pictures of what the engines show, and
// EFFIR_RESULTS one whose web.json receives the figures.
package enginetest
