package main

import (
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var pageLine = regexp.MustCompile(`(?m)^msnscope: the page is at (http://127\.0\.0\.1:[0-9]+/\?once=[A-Z0-9]+)$`)

// visitor is a browser that has opened the page of a program.
type visitor struct {
	t       *testing.T
	client  *http.Client
	address string // http://HOST:PORT
}

// visit opens the page of a program by the link that it prints.
func visit(t *testing.T, p *program) *visitor {
	t.Helper()
	var m []string
	await(t, "the line with the link", func() bool {
		m = pageLine.FindStringSubmatch(p.stderr.String())
		return m != nil
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	address, _, _ := strings.Cut(m[1], "/?")
	v := &visitor{t, &http.Client{Jar: jar, Transport: &http.Transport{}}, address}
	t.Cleanup(v.client.CloseIdleConnections)
	if text := v.get("/?" + strings.Split(m[1], "?")[1]); !strings.Contains(text, "<title>msnscope</title>") {
		t.Errorf("the page is %.300s", text)
	}
	return v
}

// get returns the answer to a request, which must succeed.
func (v *visitor) get(path string) string {
	v.t.Helper()
	resp, err := v.client.Get(v.address + path)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		v.t.Fatalf("GET %s: %s, %v: %.300s", path, resp.Status, err, text)
	}
	return string(text)
}

// watch opens a view, which stays until the test ends.
func (v *visitor) watch(view string) {
	v.t.Helper()
	resp, err := v.client.Get(v.address + "/events?view=" + view)
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { resp.Body.Close() })
}

// TestWeb: the page shows what passes a proxy, and what a capture has.
func TestWeb(t *testing.T) {
	p := launch(t, "--headless", "--listen", "127.0.0.1:0", "--web", ":0")
	v := visit(t, p)
	v.watch("view-proxy")
	party(t, &taps{}, p.address())
	await(t, "a message on the page", func() bool {
		return strings.Contains(v.get("/rows?view=view-proxy&from=0&count=500"), `"MSG"`)
	})
	p.end(exitOK)

	p = launch(t, "inspect", sampleDir+"conversation.pcapng", "--web", "127.0.0.1:0")
	v = visit(t, p)
	v.watch("view-inspect")
	await(t, "the referral on the page", func() bool {
		return strings.Contains(v.get("/rows?view=view-inspect&from=6&count=1"), `"XFR"`)
	})
	p.end(exitOK)
}

// TestWebAddresses: an address that cannot be listened on ends the program at once.
func TestWebAddresses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, tc := range []struct {
		address, want string
		code          int
	}{
		{"8080", "it must be HOST:PORT or :PORT", exitUsage},
		{"./page.sock", "it must be HOST:PORT or :PORT", exitUsage},
		{"127.0.0.1:99999", "it must be HOST:PORT", exitUsage},
		{taken.Addr().String(), "address already in use", exitIO},
	} {
		q := launch(t, "proxy", "--headless", "--listen", "127.0.0.1:0", "--web", tc.address)
		q.wait(tc.code)
		if !strings.Contains(q.stderr.String(), tc.want) {
			t.Errorf("--web %s says %q, want %q", tc.address, q.stderr, tc.want)
		}
	}
	p := launch(t, "--headless", "--listen", "127.0.0.1:0", "--web", "0.0.0.0:0")
	await(t, "the warning", func() bool { return strings.Contains(p.stderr.String(), "is not on a loopback address") })
	p.end(exitOK)
}

// TestWebSaves: what the page saves is what dump and a recording have.
func TestWebSaves(t *testing.T) {
	p := launch(t, "inspect", sampleDir+"conversation.pcapng", "--web", "127.0.0.1:0")
	v := visit(t, p)
	v.watch("view-saves")
	await(t, "all rows", func() bool {
		return strings.Contains(v.get("/rows?view=view-saves&from=106&count=1"), `"107"`)
	})
	dump := launch(t, "dump", "-T", "jsonl", sampleDir+"conversation.pcapng")
	dump.wait(exitOK)
	if got := v.get("/save?view=view-saves&what=all&form=jsonl"); got != dump.stdout.String() {
		t.Errorf("the page saves %d bytes, dump prints %d", len(got), len(dump.stdout.String()))
	}
	file := filepath.Join(t.TempDir(), "saved.pcapng")
	if err := os.WriteFile(file, []byte(v.get("/save?view=view-saves&what=all&form=pcapng")), 0o600); err != nil {
		t.Fatal(err)
	}
	again := launch(t, "dump", "-T", "cs", file)
	again.wait(exitOK)
	cs := launch(t, "dump", "-T", "cs", sampleDir+"conversation.pcapng")
	cs.wait(exitOK)
	if again.stdout.String() != cs.stdout.String() {
		t.Error("the recording that the page saves has other commands")
	}
	p.end(exitOK)
}
