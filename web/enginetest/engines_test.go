package enginetest

import (
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
	{"poor browsers", poorBrowsers},
	{"two tabs", twoTabs},
	{"worker crash", workerCrash},
	{"server gone", serverGone},
	{"airplane mode", airplaneMode},
	{"saved data", savedData},
	{"local index", localIndex},
	{"no room", noRoom},
	{"no room in a database", noRoomInDatabase},
	{"a dropped folder", droppedFolder},
}

func TestEngines(t *testing.T) {
	tested := 0
	for _, engine := range browsertest.Engines {
		t.Run(engine.Name, func(t *testing.T) {
			browser := engine.Open(t, browsertest.Settings{})
			t.Log(browser.Version())
			for _, scenario := range scenarios {
				t.Run(scenario.name, func(t *testing.T) { scenario.run(newVisit(t, engine, browser)) })
			}
			t.Run("save data", func(t *testing.T) { withSettings(t, engine, browsertest.Settings{SaveData: true}, reallySavedData) })
			t.Run("full disk", func(t *testing.T) { withSettings(t, engine, browsertest.Settings{StorageQuota: 3 << 20}, fullDisk) })
			if !t.Failed() {
				tested++
			}
		})
	}
	figures["engines_tested"] = float64(tested)
	record(t)
}

// withSettings runs a scenario in a browser of its own.
func withSettings(t *testing.T, engine browsertest.Engine, s browsertest.Settings, run func(*visit)) {
	v := newVisit(t, engine, nil)
	s.Origin = v.host.url("")
	v.browser = engine.Open(t, s)
	run(v)
}
