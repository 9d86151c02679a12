package browsertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/coder/websocket"
)

// bidi is a session of WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/),
// the protocol that Firefox itself speaks: commands and their results as JSON over
// one WebSocket, in any order. Events are not subscribed to.
type bidi struct {
	socket *websocket.Conn
	stop   context.CancelFunc

	mu      sync.Mutex
	last    int
	pending map[int]chan bidiMessage
	broken  error
}

// bidiMessage is what the browser sends.
type bidiMessage struct {
	ID                         int
	Type                       string // "success", "error" or "event"
	Result                     json.RawMessage
	Error, Message, Stacktrace string
}

// maxMessage bounds a message of the browser; screenshots are the largest.
const maxMessage = 64 << 20

// dialBiDi connects with a browser's WebSocket, until ctx ends.
func dialBiDi(ctx context.Context, url string) (*bidi, error) {
	socket, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return nil, err
	}
	socket.SetReadLimit(maxMessage)
	reading, stop := context.WithCancel(ctx)
	b := &bidi{socket: socket, stop: stop, pending: map[int]chan bidiMessage{}}
	go b.receive(reading)
	return b, nil
}

// call sends a command and reads its result into result unless that is nil.
func (b *bidi) call(ctx context.Context, method string, params, result any) error {
	answer := make(chan bidiMessage, 1)
	b.mu.Lock()
	if b.broken != nil {
		b.mu.Unlock()
		return b.broken
	}
	b.last++
	id := b.last
	b.pending[id] = answer
	b.mu.Unlock()

	text, err := json.Marshal(map[string]any{"id": id, "method": method, "params": params})
	if err != nil {
		return err
	}
	if err := b.socket.Write(ctx, websocket.MessageText, text); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case <-ctx.Done():
		b.mu.Lock()
		delete(b.pending, id)
		b.mu.Unlock()
		return fmt.Errorf("%s: %w", method, ctx.Err())
	case m, ok := <-answer:
		switch {
		case !ok:
			return fmt.Errorf("%s: %w", method, b.broken)
		case m.Type == "error":
			return fmt.Errorf("%s: %s: %s", method, m.Error, m.Message)
		case result == nil:
			return nil
		}
		return json.Unmarshal(m.Result, result)
	}
}

// receive hands results to those who wait for them, until the connection ends.
func (b *bidi) receive(ctx context.Context) {
	for {
		_, text, err := b.socket.Read(ctx)
		var m bidiMessage
		if err == nil {
			err = json.Unmarshal(text, &m)
		}
		b.mu.Lock()
		if err != nil {
			b.broken = fmt.Errorf("the browser left: %w", err)
			for _, answer := range b.pending {
				close(answer)
			}
			b.mu.Unlock()
			return
		}
		if answer := b.pending[m.ID]; answer != nil && m.Type != "event" {
			delete(b.pending, m.ID)
			answer <- m
		}
		b.mu.Unlock()
	}
}

// close ends the connection.
func (b *bidi) close() error {
	err := b.socket.Close(websocket.StatusNormalClosure, "")
	b.stop()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
