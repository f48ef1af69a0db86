package decode

// File transfers between clients (MSNFTP) carry content in blocks: a head of three octets, 0 or 1
// and the number of octets that follow, the low octet first. A block is a Message with a verb of
// its own, BLK, which no line has. Its Line is the head, its Payload the content.

// blockHead is the length of a block's head in bytes.
const blockHead = 3

// blockVerb returns the verb of blocks.
func blockVerb() Verb { return Verb{'B', 'L', 'K'} }

// Block reports whether the message is a block of a file, whose content its Payload is.
func (m *Message) Block() bool { return m.Verb == blockVerb() && m.body == blockHead && m.Raw[0] <= 1 }

// blockSize returns the length in bytes of the block that begins with b, 0 if its head is not
// complete.
func blockSize(b []byte) int {
	if len(b) < blockHead {
		return 0
	}
	return blockHead + int(b[1]) + int(b[2])<<8
}

// setBlock makes m the block Raw, or opaque if Raw is not exactly one block.
func (m *Message) setBlock() {
	if len(m.Raw) != blockSize(m.Raw) {
		m.setOpaque(NoBlock)
		return
	}
	*m = Message{Raw: m.Raw, Verb: blockVerb(), count: 1, first: 1}
	m.setLine(blockHead, blockHead)
}

// mayBlock reports whether the next bytes, which begin with b[0], are to be read as blocks: always
// once a block or the command that announces blocks has come. Text and commands never begin with
// octet 0 or 1, so nothing else is mistaken for the first block.
func (r *Reader) mayBlock(b []byte) bool {
	return r.blocks || b[0] <= 1 && !r.lost && !r.long && r.shape(blockVerb()).Payload == OneBlock
}

// nextBlock implements Next where blocks are expected. Without a valid head nothing tells where the
// next block begins, so all that follows is opaque: content is never searched for commands.
func (r *Reader) nextBlock(m *Message, b []byte) bool {
	r.blocks = true
	if b[0] > 1 {
		r.rest = maxAnnounced
		return r.nextPart(m, b)
	}
	n := blockSize(b)
	if n == 0 || len(b) < n {
		return false
	}
	r.take(m, n).setBlock()
	return true
}

// partReason returns why the bytes that r.rest counts are opaque.
func (r *Reader) partReason() Reason {
	if r.blocks {
		return NoBlock
	}
	return OverlongPart
}
