package enginetest

import (
	"os"
	"strings"
	"testing"

	"github.com/effir/effir/web/browsertest"
)

// scenarios run in every engine, each on a site of its own origin.
var scenarios = []struct {
	name string
	run  func(*visit)
}{
	{"the same bits", sameBits},
	{"the same results as Go", sameResults},
	{"two lines of HTML", twoLines},
	{"keyboard", keyboard},
	{"a hundred keystrokes", hundredKeystrokes},
	{"dialog", dialog},
	{"states", states},
	{"no task is long", noLongTask},
	{"cancellation", cancellation},
	{"cut in mid-chunk", cutMidChunk},
	{"no ranges", noRanges},
	{"wrong bytes", wrongBytes},
	{"missing files", missingFiles},
	{"slow network", slowNetwork},
	{"published anew", publishedAnew},
	{"evicted", evicted},
	{"another version", anotherVersion},
	{"poor browsers", poorBrowsers},
	{"two tabs", twoTabs},
	{"worker crash", workerCrash},
	{"server gone", serverGone},
	{"airplane mode", airplaneMode},
	{"saved data", savedData},
	{"local index", localIndex},
	{"no room", noRoom},
	{"no room in a database", noRoomInDatabase},
	{"chosen files", chosenFiles},
	{"a dropped folder", droppedFolder},
}

// exceptions are the scenarios that an engine cannot be told to run, and what is
// tested there in their place. Any other skip is a failure where engines are required.
var exceptions = map[string]string{
	"firefox/a dropped folder": "chosen files: WebDriver has no drags from outside the page",
	"webkit/a dropped folder":  "chosen files: WebDriver has no drags from outside the page",
	"firefox/save data":        "saved data: the engine has no such setting, the test gives the page Chromium's interface",
	"webkit/save data":         "saved data: the engine has no such setting, the test gives the page Chromium's interface",
	"webkit/full disk":         "no room: the engine's quota cannot be set, writes fail instead",
}

func TestEngines(t *testing.T) {
	tested := 0
	for _, engine := range browsertest.Engines {
		t.Run(engine.Name, func(t *testing.T) {
			browser := engine.Open(t, browsertest.Settings{})
			t.Log(browser.Version())
			var ran, skipped int
			// scenario runs one; -run leaves it out, or a test of it skips itself.
			scenario := func(name string, run func(t *testing.T)) {
				t.Run(name, func(t *testing.T) {
					defer func() {
						ran++
						instead := exceptions[engine.Name+"/"+name]
						switch {
						case t.Skipped() && instead == "":
							skipped++
						case t.Skipped():
							t.Logf("in its place is tested: %s", instead)
						}
					}()
					run(t)
				})
			}
			for _, s := range scenarios {
				scenario(s.name, func(t *testing.T) { s.run(newVisit(t, engine, browser)) })
			}
			scenario("save data", func(t *testing.T) { withSettings(t, engine, browsertest.Settings{SaveData: true}, reallySavedData) })
			scenario("full disk", func(t *testing.T) { withSettings(t, engine, browsertest.Settings{StorageQuota: 3 << 20}, fullDisk) })
			if skipped > 0 && os.Getenv(browsertest.RequireEnginesVariable) == "1" {
				t.Errorf("%d scenarios were skipped, see above, that are no exceptions of %s", skipped, engine.Name)
			}
			if !t.Failed() && skipped == 0 && ran == len(scenarios)+2 {
				tested++
			}
		})
	}
	figures["engines_tested"] = float64(tested)
	record(t)
}

// Exceptions name scenarios that there are.
func TestExceptions(t *testing.T) {
	known := map[string]bool{"save data": true, "full disk": true}
	for _, s := range scenarios {
		known[s.name] = true
	}
	for exception, instead := range exceptions {
		_, name, _ := strings.Cut(exception, "/")
		other, _, _ := strings.Cut(instead, ":")
		if !known[name] || !known[other] || exceptions[strings.Replace(exception, name, other, 1)] != "" {
			t.Errorf("%s, instead %s: no such scenario", exception, other)
		}
	}
}

// withSettings runs a scenario in a browser of its own.
func withSettings(t *testing.T, engine browsertest.Engine, s browsertest.Settings, run func(*visit)) {
	v := newVisit(t, engine, nil)
	s.Origin = v.host.url("")
	v.browser = engine.Open(t, s)
	run(v)
}
