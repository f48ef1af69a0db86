package pcap

import (
	"errors"
	"strings"
	"testing"
)

// TestInterfacesAreFew: a file cannot fill the memory with interfaces, and the error says what is
// too much. The next section has room for as many.
func TestInterfacesAreFew(t *testing.T) {
	const (
		section = "\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x4d\x3c\x2b\x1a\x01\x00\x00\x00" +
			"\xff\xff\xff\xff\xff\xff\xff\xff\x1c\x00\x00\x00"
		description = "\x01\x00\x00\x00\x14\x00\x00\x00\x65\x00\x00\x00\x00\x00\x04\x00\x14\x00\x00\x00"
	)
	full := section + strings.Repeat(description, maxInterfaces)
	for file, want := range map[string]string{full + full: "", full + description: "more than 65536 interfaces"} {
		r, err := NewReader(strings.NewReader(file), "many.pcapng")
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, err = r.Next()
		}
		if broken := errors.Is(err, ErrBroken); broken != (want != "") || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one with %q", err, want)
		}
	}
}
