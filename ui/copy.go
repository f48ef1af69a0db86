package ui

import (
	"encoding/hex"

	"github.com/msnscope/msnscope/internal/format"
)

// maxCopy is how much goes to the clipboard: terminals drop longer OSC 52 sequences, many at 100,000 bytes with base64.
const maxCopy = 72 << 10

// copyText puts the selected command into the terminal's clipboard, as the draft writes it.
func (a *App) copyText() {
	_, e := a.model.Selected()
	if e == nil {
		return
	}
	a.toClipboard(format.AppendCS(nil, e), "as C: and S: lines")
}

// copyBytes puts the selected command's bytes into the terminal's clipboard, as hexadecimal digits.
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
