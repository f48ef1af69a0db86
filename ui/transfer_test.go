package ui

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/msnscope/msnscope/captures/capturestest"
)

// captured returns the options of an inspector on a capture of real clients.
func captured(t *testing.T, path string) func() Options {
	return func() Options {
		f, err := os.Open(filepath.Join("..", "captures", "testdata", filepath.FromSlash(path)))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		return Options{Log: capturestest.Load(t, path, f)}
	}
}

func TestTransferGoldens(t *testing.T) {
	o := captured(t, "transfers/amsn-amsn.pcap")
	goldens(t, "transfer", o, "F5", "z", "G")
	goldens(t, "transfer-block", o, "/", "BLK", "Enter", "K", "K")
}

func TestGatewayGoldens(t *testing.T) {
	goldens(t, "gateway", captured(t, "gateway-amsn-0.81.pcap"), "F5", "G")
}

// TestTransferIsPartOfAConversation: the connection of a file names the other user, folds its
// blocks, and leads to the conversation in which the file was offered, and back to the offer.
func TestTransferIsPartOfAConversation(t *testing.T) {
	b := open(t, 140, 42, captured(t, "transfers/amsn-amsn.pcap")())
	b.shows("FT#7 with anna")
	b.press("G", "z", "F5")
	b.shows("file content, 30 times", "file transfer complete")
	b.press("V")
	b.shows("2 Conversation", `file invitation "readme.txt" (60,904`)
}
