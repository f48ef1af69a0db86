package proxy

import (
	"encoding/binary"
	"fmt"
	"os"
)

const (
	// maxSlots is how many chunks the spool holds at most: 640 MB, which is what two cores pass on in some seconds.
	maxSlots = 1 << 10
	slotSize = chunkBytes + perCut*chunkCuts
)

// spool is a file for what waits to be told and has no room in memory: commands take a seventh of what their events do, and
// nothing of what traffic waits for. It is made when it is needed first, and its room is used again. It is for one goroutine
// at a time.
type spool struct {
	file  *os.File
	name  string // "" once the file has no name any more
	slots int    // that the file has
	free  []int
	buf   []byte // of slotSize
	err   error  // the first of writing: then nothing more is put
}

// put writes a chunk's bytes and cuts, and returns where; false where that cannot be.
func (s *spool) put(k *chunk) (slot int, ok bool) {
	if s.file == nil && s.err == nil {
		s.open()
		s.buf = make([]byte, 0, slotSize)
	}
	if n := len(s.free); n > 0 {
		slot = s.free[n-1]
	} else if slot = s.slots; slot == maxSlots {
		return 0, false
	}
	s.buf, _ = binary.Append(append(s.buf[:0], k.raw...), binary.LittleEndian, k.cuts)
	if s.err == nil {
		_, s.err = s.file.WriteAt(s.buf, int64(slot*slotSize))
	}
	switch {
	case s.err != nil:
		return 0, false
	case slot == s.slots:
		s.slots++
	default:
		s.free = s.free[:len(s.free)-1]
	}
	return slot, true
}

// get reads what is in the chunk's slot, so many bytes and cuts, to where into has room, and frees the slot.
func (s *spool) get(slot, size, cuts int, into *chunk) error {
	s.free = append(s.free, slot)
	into.raw, into.cuts = into.raw[:size], into.cuts[:cuts]
	s.buf = s.buf[:size+perCut*cuts] // put had as many
	if _, err := s.file.ReadAt(s.buf, int64(slot*slotSize)); err != nil {
		return fmt.Errorf("spill file: %w", err)
	}
	copy(into.raw, s.buf)
	_, err := binary.Decode(s.buf[size:], binary.LittleEndian, into.cuts)
	return err
}

// open makes the file. Its name goes at once where the system allows it, so that a killed process leaves nothing behind;
// os.CreateTemp gives it to the user alone.
func (s *spool) open() {
	if s.file, s.err = os.CreateTemp("", "msnscope-*.spill"); s.err != nil {
		return
	}
	if s.name = s.file.Name(); os.Remove(s.name) == nil {
		s.name = ""
	}
}

// close removes the file.
func (s *spool) close() {
	if s.file == nil {
		return
	}
	s.file.Close()
	if s.name != "" {
		_ = os.Remove(s.name) // nobody is left to tell
	}
}
