package service

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// failure is the body of every answer that is no success. Its shape is the one
// that clients of OpenAI's API read.
type failure struct {
	Error failureDetail `json:"error"`
}

type failureDetail struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    int     `json:"code"`
}

// fail answers with an error. kind is a word for programs, param the parameter
// or field at fault ("" for none), message a sentence for people.
func fail(w http.ResponseWriter, status int, kind, param, message string) {
	detail := failureDetail{Message: message, Type: kind, Code: status}
	if param != "" {
		detail.Param = &param
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	answer(w, status, failure{Error: detail})
}

// unavailable answers that a part could not be loaded. The next request tries
// again, so the state is not final.
func unavailable(w http.ResponseWriter, err error) {
	fail(w, http.StatusServiceUnavailable, "unavailable", "", err.Error())
}

// answer sends v as JSON.
func answer(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":{"message":"the answer has no JSON form","type":"internal","param":null,"code":500}}`)
	}
	send(w, status, body)
}

func send(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}
