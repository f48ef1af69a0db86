package memnet

const (
	// bufferCap is what one direction holds before Write waits: as much as the
	// proxy ever passes on as one command, and about a loopback socket's own.
	bufferCap = 64 << 10

	// bufferMin is what the first write allocates. Most connections carry short
	// lines only, and a load test opens thousands.
	bufferMin = 1 << 10
)

// ring is a queue of bytes that grows by doubling up to bufferCap. Both
// constants are powers of two, so that a position wraps with a mask. The zero
// value is empty.
type ring struct {
	b     []byte
	start int
	n     int
}

// write appends what fits of p and says how much that was.
func (r *ring) write(p []byte) int {
	p = p[:min(len(p), bufferCap-r.n)]
	if len(p) == 0 {
		return 0
	}
	r.grow(r.n + len(p))
	end := (r.start + r.n) & (len(r.b) - 1)
	head := copy(r.b[end:], p)
	copy(r.b, p[head:])
	r.n += len(p)
	return len(p)
}

// read moves up to len(p) bytes out of the queue into p.
func (r *ring) read(p []byte) int {
	p = p[:min(len(p), r.n)]
	if len(p) == 0 {
		return 0
	}
	head := copy(p, r.b[r.start:])
	copy(p[head:], r.b)
	r.n -= len(p)
	r.start = (r.start + len(p)) & (len(r.b) - 1)
	return len(p)
}

// grow makes room for need bytes in all; need is at most bufferCap.
func (r *ring) grow(need int) {
	if need <= len(r.b) {
		return
	}
	size := max(len(r.b), bufferMin)
	for size < need {
		size *= 2
	}
	bigger := make([]byte, size)
	n := r.n
	r.read(bigger[:n])
	*r = ring{b: bigger, n: n}
}
