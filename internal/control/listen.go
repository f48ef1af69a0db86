package control

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// IsSocket reports whether the address of a control API is the path of a Unix socket: it contains a
// slash, which HOST:PORT does not.
func IsSocket(address string) bool { return strings.Contains(address, "/") }

// CheckAddress returns an error for an address that is neither the path of a Unix socket nor the
// HOST:PORT of a loopback address. It resolves no names.
func CheckAddress(address string) error {
	if IsSocket(address) {
		return nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is neither HOST:PORT nor the path of a socket, which has a slash", address)
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return fmt.Errorf("%s is not a loopback address: whoever can connect controls the traffic", address)
	}
	return nil
}

// Listen listens on a Unix socket, which only the process's user may use, or on a loopback address.
// It replaces a socket that a killed process has left behind, but not one that is being served.
func Listen(address string) (net.Listener, error) {
	if err := CheckAddress(address); err != nil {
		return nil, err
	}
	if !IsSocket(address) {
		return net.Listen("tcp", address)
	}
	l, err := net.Listen("unix", address)
	if err != nil && abandoned(address) {
		if err := os.Remove(address); err != nil {
			return nil, fmt.Errorf("remove the socket that was left behind: %w", err)
		}
		l, err = net.Listen("unix", address)
	}
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(address, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// abandoned reports whether there is a Unix socket at path that no process serves.
func abandoned(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != fs.ModeSocket {
		return false
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		c.Close()
		return false
	}
	return true
}

// NewToken returns an unguessable token and writes it to the file at path, which only the process's
// user may read. The file appears with the whole token or not at all, and replaces one that a
// killed process has left behind.
func NewToken(path string) (string, error) {
	token := rand.Text()
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)) // readable by its user alone
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(token + "\n")
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return token, err
}

// maxToken is the greatest length of a token in bytes.
const maxToken = 1 << 10

// ReadToken returns the token in a file that [NewToken] wrote.
func ReadToken(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	buf := make([]byte, maxToken)
	n, err := f.Read(buf)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return strings.TrimSpace(string(buf[:n])), nil
}
