package lint

import "bytes"

// class is a set of kinds of bytes.
type class uint8

const (
	blank   class = 1 << iota // space
	tab                       // horizontal tab
	cr                        // carriage return
	control                   // any other control character
	high                      // above 0x7E
	percent                   // %
)

// classTable holds the class of each byte, 0 for most.
var classTable = func() (t [256]class) {
	for c := range t {
		switch {
		case c == ' ':
			t[c] = blank
		case c == '\t':
			t[c] = tab
		case c == '\r':
			t[c] = cr
		case c < ' ':
			t[c] = control
		case c > '~':
			t[c] = high
		case c == '%':
			t[c] = percent
		}
	}
	return t
}()

// classesOf returns the classes of all bytes of a line.
func classesOf(line []byte) (all class) {
	for _, c := range line {
		all |= classTable[c]
	}
	return all
}

// around returns the word of a line that has the byte at i.
func around(line []byte, i int) []byte {
	start := bytes.LastIndexAny(line[:i], " \t") + 1
	if n := bytes.IndexAny(line[i:], " \t"); n > 0 {
		return line[start : i+n]
	}
	return line[start:]
}

// first returns the index of the first byte of a class, -1 if there is none.
func first(line []byte, of class) int {
	for i, c := range line {
		if classTable[c]&of != 0 {
			return i
		}
	}
	return -1
}

func digits(word []byte) bool {
	for _, c := range word {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(word) > 0
}

// number returns the value of a decimal number, 0 for what is none. A number too large is cut
// short.
func number(word []byte) (n uint64) {
	if !digits(word) {
		return 0
	}
	for _, c := range word {
		n = min(n*10+uint64(c-'0'), 1<<50)
	}
	return n
}

func hexDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// host returns the host of an address with or without a port.
func host(address []byte) string {
	h, _ := hostPort(address)
	return h
}

// hostPort splits an address; port is nil if it has none.
func hostPort(address []byte) (host string, port []byte) {
	i := bytes.LastIndexByte(address, ':')
	if i < 0 || bytes.IndexByte(address, ']') > i || address[0] != '[' && bytes.Count(address, []byte{':'}) > 1 {
		return string(address), nil
	}
	return string(address[:i]), address[i+1:]
}
