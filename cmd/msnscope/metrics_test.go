package main

import (
	"io"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var metricsLine = regexp.MustCompile(`(?m)^msnscope: metrics on (http://127\.0\.0\.1:[0-9]+)/metrics$`)

// scrape returns what a path of the program's --metrics answers.
func scrape(t *testing.T, p *program, path string) string {
	t.Helper()
	p.address()
	var m []string
	await(t, "the line about metrics", func() bool {
		m = metricsLine.FindStringSubmatch(p.stderr.String())
		return m != nil
	})
	resp, err := http.Get(m[1] + path)
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestMetrics: a party through the proxy is counted, by the proxy and by the server behind it.
func TestMetrics(t *testing.T) {
	dir := t.TempDir()
	args := []string{
		"--headless", "--listen", "127.0.0.1:0", "--metrics", ":0", "-w", filepath.Join(dir, "f.pcapng"),
		"--db", filepath.Join(dir, "a.db"),
	}
	for _, name := range []string{"alice", "bob", "carol", "dave"} {
		args = append(args, "--user", name+"@hotmail.com:"+name+"pw")
	}
	p := launch(t, args...)
	party(t, &taps{}, p.address())
	text := scrape(t, p, "/metrics")
	for _, want := range []string{
		`msnscope_proxy_commands_total\{command="MSG",from="client",role="SB"\} [1-9]`,
		`msnscope_proxy_flagged_commands_total\{flag="rewritten"\} [1-9]`,
		`msnscope_subscriber_lost_events_total\{subscriber="recorder"\} 0`,
		`msnscope_subscriber_lost_events_total\{subscriber="output"\} 0`,
		`msnscope_server_sign_ins_total\{result="ok"\} [1-9]`, `msnscope_database_commits_total [1-9]`,
		`msnscope_output_failed 0`,
	} {
		if !regexp.MustCompile("(?m)^" + want).MatchString(text) {
			t.Errorf("it lacks %s", want)
		}
	}
	if strings.Contains(text, "@") {
		t.Error("it says who the users are")
	}
	if got := scrape(t, p, "/readyz"); got != "ok\n" {
		t.Errorf("/readyz says %q", got)
	}
	p.end(exitOK)
}

// TestMetricsOfServe: the server alone has them too.
func TestMetricsOfServe(t *testing.T) {
	p := launch(t, "serve", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0")
	if text := scrape(t, p, "/metrics"); !strings.Contains(text, "\nmsnscope_server_users 0\n") ||
		strings.Contains(text, "msnscope_proxy") {
		t.Errorf("it says %.2000s", text)
	}
	if got := scrape(t, p, "/readyz"); got != "ok\n" {
		t.Errorf("/readyz says %q", got)
	}
	p.end(exitOK)
}

// TestMetricsAddresses: an address that cannot be listened on ends the program at once.
func TestMetricsAddresses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, tc := range []struct {
		address, want string
		code          int
	}{
		{"9464", "it must be HOST:PORT", exitUsage},
		{"127.0.0.1:http9", "it must be HOST:PORT", exitUsage},
		{"127.0.0.1:99999", "it must be HOST:PORT", exitUsage},
		{taken.Addr().String(), "address already in use", exitIO},
	} {
		for _, args := range [][]string{{"proxy", "--headless"}, {"serve"}} {
			q := launch(t, append(args, "--listen", "127.0.0.1:0", "--metrics", tc.address)...)
			q.wait(tc.code)
			if !strings.Contains(q.stderr.String(), tc.want) {
				t.Errorf("--metrics %s says %q, want %q", tc.address, q.stderr, tc.want)
			}
		}
	}
}
