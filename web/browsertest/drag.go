package browsertest

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// ChooseFiles gives files of this machine, by absolute paths, to a file input, as
// a person does in the dialog that it opens.
func ChooseFiles(ctx context.Context, tab Tab, selector string, paths ...string) error {
	switch t := tab.(type) {
	case *chromiumTab:
		return t.do(ctx, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
			var none chromedp.Void
			document, err := cdp.Call(ctx, target, dom.GetDocument, dom.GetDocumentParams{})
			if err != nil {
				return none, err
			}
			node, err := cdp.Call(ctx, target, dom.QuerySelector, dom.QuerySelectorParams{NodeID: document.Root.NodeID, Selector: selector})
			if err != nil {
				return none, err
			}
			_, err = cdp.Call(ctx, target, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: paths, NodeID: node.NodeID})
			return none, err
		})
	case *firefoxTab:
		var found struct{ Result struct{ SharedID string } }
		expression := fmt.Sprintf("document.querySelector(%q)", selector)
		params := map[string]any{"expression": expression, "target": map[string]any{"context": t.context}, "awaitPromise": false}
		if err := t.session.call(ctx, "script.evaluate", params, &found); err != nil {
			return err
		}
		element := map[string]any{"sharedId": found.Result.SharedID}
		return t.call(ctx, "input.setFiles", map[string]any{"element": element, "files": paths}, nil)
	case *webkitTab:
		var found map[string]string // one entry, under a name that the standard gives
		if err := t.call(ctx, http.MethodPost, "/element", map[string]any{"using": "css selector", "value": selector}, &found); err != nil {
			return err
		}
		for _, id := range found {
			return t.call(ctx, http.MethodPost, "/element/"+id+"/value", map[string]any{"text": strings.Join(paths, "\n")}, nil)
		}
		return fmt.Errorf("no element is %s", selector)
	}
	return fmt.Errorf("%w choose files", ErrUnsupported)
}

// DragFiles drags files and folders of this machine, by absolute paths, from outside
// the browser over a point of the page, in CSS pixels. finish drops them there, or
// takes them out of the page again. Only Chromium can be told to: neither of the
// WebDriver protocols has a drag that begins outside the page.
func DragFiles(ctx context.Context, tab Tab, x, y float64, paths ...string) (finish func(drop bool) error, err error) {
	t, ok := tab.(*chromiumTab)
	if !ok {
		return nil, fmt.Errorf("%w drag files from outside the page: WebDriver knows only drags that begin in it", ErrUnsupported)
	}
	data := &input.DragData{Items: []*input.DragDataItem{}, Files: paths, DragOperationsMask: 1} // to be copied
	send := func(kind input.DispatchDragEventType, x, y float64) error {
		return t.do(ctx, call(input.DispatchDragEvent, input.DispatchDragEventParams{Type: kind, X: x, Y: y, Data: data}))
	}
	for _, kind := range []input.DispatchDragEventType{input.DispatchDragEventTypeDragEnter, input.DispatchDragEventTypeDragOver} {
		if err := send(kind, x, y); err != nil {
			return nil, err
		}
	}
	return func(drop bool) error {
		if drop {
			return send(input.DispatchDragEventTypeDrop, x, y)
		}
		return send(input.DispatchDragEventTypeDragOver, -10, -10) // Chromium's dragCancel ends drags that began in the page
	}, nil
}
