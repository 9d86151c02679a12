package browsertest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// XvfbVariable names the Xvfb to use; otherwise it is looked for on PATH.
const XvfbVariable = "XVFB"

// xvfb is an X server without a screen.
type xvfb struct {
	command *exec.Cmd
	display string // ":1"
}

func startXvfb(ctx context.Context) (*xvfb, error) {
	path, err := findProgram(XvfbVariable, "Xvfb")
	if err != nil {
		return nil, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = read.Close() }()
	x := &xvfb{command: exec.CommandContext(ctx, path, "-displayfd", "3", "-screen", "0", "1600x1200x24", "-nolisten", "tcp")}
	x.command.ExtraFiles = []*os.File{write}
	err = x.command.Start()
	_ = write.Close()
	if err != nil {
		return nil, err
	}
	number, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		x.close()
		return nil, fmt.Errorf("no display of Xvfb: %w", err)
	}
	x.display = ":" + strings.TrimSpace(number)
	return x, nil
}

func (x *xvfb) close() {
	_ = x.command.Process.Kill()
	_ = x.command.Wait()
}
