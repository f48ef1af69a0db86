package main

import (
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestFacesAgree: page and inspector are two faces of one model. One process shows a capture in a
// terminal and in a browser; each row that the terminal draws has the texts that the page's has.
func TestFacesAgree(t *testing.T) {
	for _, name := range []string{"conversation", "mistakes", "moved"} {
		t.Run(name, func(t *testing.T) {
			term := openTerminal(t, 220, 50)
			capture, err := filepath.Abs(sampleDir + name + ".pcapng")
			if err != nil {
				t.Fatal(err)
			}
			term.start("inspect " + shellWord(capture) + " --web 127.0.0.1:0")
			screen := term.shows(`the page is at http://[^ ]+`)
			link := regexp.MustCompile(`http://[^ ]+\?once=[A-Z0-9]{26}`).FindString(screen)
			jar, err := cookiejar.New(nil)
			if err != nil {
				t.Fatal(err)
			}
			address, once, _ := strings.Cut(link, "/?")
			v := &visitor{t, &http.Client{Jar: jar, Transport: &http.Transport{}}, address}
			t.Cleanup(v.client.CloseIdleConnections)
			v.get("/?" + once)
			v.watch("view-faces")
			term.keys(`\`) // all the room for the list
			term.shows(`^[│ ]*1 +0.000 `, `^[│ ]*40 +[0-9.]+ `)
			var page struct{ Rows []struct{ C []string } }
			await(t, "the page to have learned all", func() bool {
				if err := json.Unmarshal([]byte(v.get("/rows?view=view-faces&from=0&count=500")), &page); err != nil {
					t.Fatal(err)
				}
				return len(page.Rows) >= 40
			})
			screen = term.screen()
			lines := map[string]string{} // by the number of the event
			for _, m := range regexp.MustCompile(`(?m)^[│ ]*([0-9]+) +[0-9]+\.[0-9]{3} .*$`).FindAllStringSubmatch(screen, -1) {
				lines[m[1]] = m[0]
			}
			if len(lines) < 40 {
				t.Fatalf("%d rows in\n%s", len(lines), screen)
			}
			for _, row := range page.Rows {
				line, ok := lines[row.C[0]]
				if !ok {
					continue
				}
				delete(lines, row.C[0])
				rest := line
				for i, cell := range row.C {
					if i == 3 && !strings.Contains(rest, cell) {
						cell, _, _ = strings.Cut(cell, "@") // where the terminal has no room for the host
					}
					_, after, found := strings.Cut(rest, strings.TrimSpace(cell))
					if !found {
						t.Errorf("the page has %q in row %s, the inspector %q", cell, row.C[0], line)
						break
					}
					rest = after
				}
			}
			for n := range lines {
				t.Errorf("the page has no row %s", n)
			}
			term.quit()
		})
	}
}
