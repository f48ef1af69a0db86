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

// IsSocket reports whether an address of a control API is the path of a Unix socket: it has a slash, where HOST:PORT has none.
func IsSocket(address string) bool { return strings.Contains(address, "/") }

// Listen listens on a Unix socket, which only its user may use, or on a loopback address. What a killed process left behind is
// taken away; a socket that somebody serves is not.
func Listen(address string) (net.Listener, error) {
	if !IsSocket(address) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, fmt.Errorf("%q is no HOST:PORT, and no path of a socket, which has a slash", address)
		}
		if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
			return nil, fmt.Errorf("%s is no loopback address: who may speak to it may do everything to the traffic", address)
		}
		return net.Listen("tcp", address)
	}
	l, err := net.Listen("unix", address)
	if err != nil && abandoned(address) {
		if err := os.Remove(address); err != nil {
			return nil, fmt.Errorf("the socket that was left behind: %w", err)
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

// abandoned reports whether there is a socket that nobody serves.
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

// NewToken returns a token that nobody guesses, and writes it to the file, which only its user may read. The file is there with
// all of the token or not at all; one that a killed process left is replaced.
func NewToken(path string) (string, error) {
	token := rand.Text()
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)) // for its user alone
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

// maxToken is how long a token may be.
const maxToken = 1 << 10

// ReadToken returns the token of a file.
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
