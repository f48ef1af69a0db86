package proxy

import (
	"encoding/binary"
	"fmt"
	"os"
)

const (
	// maxSlots is how many chunks the spool holds at most: 640 MB, which is what two cores pass on in some seconds.
	maxSlots = 4 << 10
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
	buf   []byte
	err   error // the first of writing: then nothing more is put
}

// put writes a chunk's bytes and cuts, and returns where; false where that cannot be.
func (s *spool) put(k *chunk) (slot int, ok bool) {
	if s.file == nil && s.err == nil {
		s.open()
	}
	if n := len(s.free); n > 0 {
		slot = s.free[n-1]
	} else if slot = s.slots; slot == maxSlots {
		return 0, false
	}
	s.write(k.raw, slot*slotSize)
	s.buf, _ = binary.Append(s.buf[:0], binary.LittleEndian, k.cuts)
	s.write(s.buf, slot*slotSize+chunkBytes)
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
	if _, err := s.file.ReadAt(into.raw, int64(slot*slotSize)); err != nil {
		return fmt.Errorf("spill file: %w", err)
	}
	s.buf = append(s.buf[:0], make([]byte, perCut*cuts)...)
	if _, err := s.file.ReadAt(s.buf, int64(slot*slotSize+chunkBytes)); err != nil {
		return fmt.Errorf("spill file: %w", err)
	}
	_, err := binary.Decode(s.buf, binary.LittleEndian, into.cuts)
	return err
}

func (s *spool) write(b []byte, at int) {
	if s.err == nil {
		_, s.err = s.file.WriteAt(b, int64(at))
	}
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
