package browsertest

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// w3cKeys are the code points by which WebDriver names keys without a character
// (https://www.w3.org/TR/webdriver2/#keyboard-actions).
var w3cKeys = map[string]string{
	"Backspace": "\uE003", "Tab": "\uE004", "Enter": "\uE007", "Shift": "\uE008", "Control": "\uE009", "Alt": "\uE00A",
	"Escape": "\uE00C", "End": "\uE010", "Home": "\uE011", "PageUp": "\uE00E", "PageDown": "\uE00F",
	"ArrowLeft": "\uE012", "ArrowUp": "\uE013", "ArrowRight": "\uE014", "ArrowDown": "\uE015", "Delete": "\uE017",
	"Meta": "\uE03D",
}

// keyActions returns the presses as WebDriver and WebDriver BiDi take them.
func keyActions(keys []string) (any, error) {
	type action struct {
		Type  string `json:"type"`
		Value string `json:"value,omitempty"`
	}
	var actions []action
	for _, key := range keys {
		var up []action
		for _, name := range chord(key) {
			value, named := w3cKeys[name]
			if !named && utf8.RuneCountInString(name) != 1 {
				return nil, fmt.Errorf("no key is named %q", name)
			}
			if !named {
				value = name
			}
			actions = append(actions, action{"keyDown", value})
			up = append([]action{{"keyUp", value}}, up...)
		}
		actions = append(actions, up...)
	}
	return []any{map[string]any{"type": "key", "id": "keyboard", "actions": actions}}, nil
}

// chord divides "Control+k" into its keys; "+" is a key as well.
func chord(key string) []string {
	if len(key) < 2 {
		return []string{key}
	}
	return strings.Split(key, "+")
}
