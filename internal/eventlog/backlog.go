package eventlog

// Backlog returns how many bytes of events the log holds from event i to its end, counting only
// events whose bytes are in no capture file, as those of live traffic are. It is 0 at the end of
// the log, and for an event that can no longer be read.
func (l *Log) Backlog(i int) int64 {
	if i < 0 || i >= l.Len() {
		return 0
	}
	b := make([]byte, entrySize)
	var en entry
	if _, err := l.index.ReadAt(b, int64(i)*entrySize); err != nil {
		return 0
	}
	if en.get(b); en.source() != 0 {
		return 0
	}
	return l.bytes.end.Load() - en.at()
}
