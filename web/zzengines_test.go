package web_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/effir/effir/web/browsertest"
)

func TestZZEngines(t *testing.T) {
	for _, e := range browsertest.Engines[1:] {
		t.Run(e.Name, func(t *testing.T) {
			server := newPlace(t, []api.EntryPoint{{InputPath: "test/client.ts", OutputPath: "client"}})
			b, err := e.Start(t.Context(), browsertest.Settings{})
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			tab, err := b.Tab(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := tab.Navigate(t.Context(), server.URL+"/"); err != nil {
				t.Fatal(err)
			}
			raw, err := tab.Eval(t.Context(), `import("/client.js").then((tests) => tests.names())`)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			json.Unmarshal(raw, &names)
			for i, name := range names {
				t.Run(name, func(t *testing.T) {
					ctx := within(t, t.Context(), 60*time.Second)
					raw, err := tab.Eval(ctx, fmt.Sprintf(`import("/client.js").then((tests) => tests.runOne(%d))`, i))
					if err != nil {
						t.Fatal(err)
					}
					if string(raw) != `""` {
						t.Error(string(raw))
					}
				})
			}
		})
	}
}
