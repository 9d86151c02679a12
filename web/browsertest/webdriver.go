package browsertest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// webdriver is a session of W3C WebDriver (https://www.w3.org/TR/webdriver2/):
// one HTTP request for each command.
type webdriver struct {
	url string // of the session
}

// newWebDriver starts a session of the driver at an address, waiting for the
// driver to answer at all. It returns the session's capabilities as well.
func newWebDriver(ctx context.Context, address string, capabilities map[string]any) (*webdriver, map[string]any, error) {
	w := &webdriver{url: address}
	var status struct{ Ready bool }
	for !status.Ready {
		if err := w.call(ctx, http.MethodGet, "/status", nil, &status); err != nil && ctx.Err() != nil {
			return nil, nil, fmt.Errorf("%s does not answer: %w", address, err)
		}
		if !status.Ready {
			time.Sleep(20 * time.Millisecond)
		}
	}
	var created struct {
		SessionID    string
		Capabilities map[string]any
	}
	wanted := map[string]any{"capabilities": map[string]any{"alwaysMatch": capabilities}}
	if err := w.call(ctx, http.MethodPost, "/session", wanted, &created); err != nil {
		return nil, nil, err
	}
	w.url += "/session/" + created.SessionID
	return w, created.Capabilities, nil
}

// call sends a command and reads its value into value unless that is nil.
func (w *webdriver) call(ctx context.Context, method, path string, params, value any) error {
	body := []byte(nil)
	if method == http.MethodPost {
		if params == nil {
			params = struct{}{}
		}
		var err error
		if body, err = json.Marshal(params); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, w.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct{ Value json.RawMessage }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return fmt.Errorf("%s %s: %s: %w", method, path, response.Status, err)
	}
	if response.StatusCode != http.StatusOK {
		var failure struct{ Error, Message string }
		_ = json.Unmarshal(answer.Value, &failure)
		return fmt.Errorf("%s %s: %s: %s", method, path, failure.Error, failure.Message)
	}
	if value == nil {
		return nil
	}
	return json.Unmarshal(answer.Value, value)
}
