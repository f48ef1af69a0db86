package ui

import (
	"encoding/hex"

	"github.com/msnscope/msnscope/internal/format"
)

// maxCopy is how many bytes are copied to the clipboard at most. Terminals drop longer OSC 52
// sequences: many allow 100,000 bytes, which base64 makes of three quarters as many.
const maxCopy = 72 << 10

// copyText copies the selected command to the terminal's clipboard, in the draft's C:/S: notation.
func (a *App) copyText() {
	_, e := a.model.Selected()
	if e == nil {
		return
	}
	a.toClipboard(format.AppendCS(nil, e), "as C: and S: lines")
}

// copyBytes copies the selected command's bytes to the terminal's clipboard, as hexadecimal digits.
func (a *App) copyBytes() {
	_, e := a.model.Selected()
	if e == nil || len(e.In.Raw) == 0 {
		return
	}
	raw := e.In.Raw
	a.toClipboard(hex.AppendEncode(nil, raw[:min(len(raw), maxCopy/2)]), "as hexadecimal digits")
}

func (a *App) toClipboard(data []byte, how string) {
	a.screen.SetClipboard(data[:min(len(data), maxCopy)])
	a.say("copied %s", how)
}
