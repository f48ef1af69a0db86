package session

import (
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// Transfer follows the content of one file transfer, whose commands it must be given in their
// order. It neither holds nor hashes the content. It is not safe for concurrent use.
type Transfer struct {
	size     uint64 // as FIL says
	sized    bool   // FIL has come
	asked    bool   // the receiver asked for the file
	got      uint64
	canceled bool // the receiver cancelled
	stopped  bool // the sender ended it early
	told     bool
}

// Add takes the next command of the transfer, which row describes. content is the part of it that
// belongs to the file: none after as many bytes as FIL announced, whatever the blocks say. Done
// reports that the file is whole with this command.
func (t *Transfer) Add(row *dialect.Row, m *decode.Message) (content []byte, done bool) {
	switch {
	case row == nil || row.Roles != dialect.FT:
		return nil, false
	case row.Payload == decode.Blocks && !t.sized:
		t.size, t.sized = number(row.Find(m, dialect.Number))
	case m.Block():
		content = t.block(m)
	case row.Effect(dialect.FT) == dialect.Ends:
		t.canceled = !t.Whole()
	case row.Dir == decode.FromClient && len(row.Args) == 0:
		t.asked = true
	}
	if t.told || !t.Whole() {
		return content, false
	}
	t.told = true
	return content, true
}

func number(word []byte) (uint64, bool) {
	n, err := strconv.ParseUint(string(word), 10, 62)
	return n, err == nil
}

// block takes the content of a block. Octet 1 in its head ends the transfer early.
func (t *Transfer) block(m *decode.Message) []byte {
	content := m.Payload()
	if m.Raw[0] != 0 {
		t.stopped = t.stopped || !t.Whole()
		return nil
	}
	if left := t.size - t.got; uint64(len(content)) > left {
		content = content[:left]
	}
	t.got += uint64(len(content))
	return content
}

// Whole reports whether all of the file has come. A file of 0 bytes has no blocks: it is whole once
// the receiver has asked for it.
func (t *Transfer) Whole() bool { return t.sized && t.got == t.size && (t.size > 0 || t.asked) }

// Began reports whether a file was offered on the connection.
func (t *Transfer) Began() bool { return t.sized }

// Cancelled reports whether one side ended the transfer before the file was whole, and said so.
func (t *Transfer) Cancelled() bool { return t.canceled || t.stopped }

// Told reports whether Add has said that the file is whole.
func (t *Transfer) Told() bool { return t.told }

// Got returns how many bytes of the file have come.
func (t *Transfer) Got() uint64 { return t.got }

// Size returns how many bytes the file has, as its sender announced on the connection.
func (t *Transfer) Size() uint64 { return t.size }

// Summary says in words what became of the transfer: the file, its size and sum, which is the
// SHA-256 of all that Add returned.
func (t *Transfer) Summary(f File, receiver string, sum hash.Hash) string {
	digits := hex.EncodeToString(sum.Sum(nil))
	name := "a file of unknown name"
	if f.Name != "" {
		name = `"` + decode.Quote([]byte(f.Name)) + `"`
	}
	from := f.Sender
	if from == "" {
		from = "an unknown sender"
	}
	if receiver == "" {
		receiver = "an unknown receiver"
	}
	if t.Whole() {
		return fmt.Sprintf("file transfer complete: %s from %s to %s, %d bytes, SHA-256 %s", name, from, receiver,
			t.size, digits)
	}
	why := "before the end"
	switch {
	case t.canceled:
		why = "cancelled by the receiver"
	case t.stopped:
		why = "cancelled by the sender"
	}
	return fmt.Sprintf("file transfer incomplete, %s: %s from %s to %s, %d of %d bytes, SHA-256 of these %s", why,
		name, from, receiver, t.got, t.size, digits)
}
