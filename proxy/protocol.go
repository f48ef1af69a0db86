package proxy

import (
	"bytes"
	"slices"
)

// otherProtocol returns the name of the protocol of a client's first bytes, "" if it may be MSN.
func otherProtocol(first []byte) string {
	if len(first) >= 3 && first[0] == 0x16 && first[1] == 3 {
		return "TLS"
	}
	i := slices.IndexFunc(methods, func(method string) bool { return bytes.HasPrefix(first, []byte(method)) })
	switch {
	case i >= 0 && bytes.Contains(first, []byte("gateway.dll")):
		return "MSN over HTTP, as through the gateway"
	case i >= 0:
		return "HTTP"
	case bytes.HasPrefix(first, []byte("SSH-")):
		return "SSH"
	}
	return ""
}

var methods = []string{"GET ", "POST ", "HEAD ", "OPTIONS ", "CONNECT "}
