package browsertest

import (
	"context"
	"fmt"

	"github.com/chromedp/cdproto/input"
)

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
