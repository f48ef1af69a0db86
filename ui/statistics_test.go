package ui

import (
	"strings"
	"testing"

	"github.com/msnscope/msnscope/ui/model"
)

func TestStatisticsGoldens(t *testing.T) {
	goldens(t, "statistics", chat, "S")
	goldens(t, "statistics-users", chat, "S", "Tab", "Tab", "j")
}

// column returns the words of a column of the table that is shown.
func (b *driven) column(i int) string {
	var out []string
	for _, row := range b.figures.rows {
		out = append(out, append([]string{row.Name}, row.Shown...)[i])
	}
	return strings.Join(out, " ")
}

// TestStatistics: the slowest command stands first; every column sorts; Enter shows what a row
// counts.
func TestStatistics(t *testing.T) {
	b := open(t, 100, 30, chat())
	b.press("S")
	b.shows("commands a second", "p95")
	if got := b.column(0); !strings.HasPrefix(got, "MSG ") {
		t.Errorf("by p95: %s, want MSG first", got)
	}
	b.press("l", "l", "l")
	if got := b.column(0); !strings.HasPrefix(got, "ACK ANS BYE") {
		t.Errorf("by name: %s", got)
	}
	b.press("l")
	if got := b.column(1); !strings.HasPrefix(got, "15 10 4 3 3 2") {
		t.Errorf("by count: %s", got)
	}
	b.press("Space")
	if got := b.column(1); !strings.HasSuffix(got, "3 3 4 10 15") {
		t.Errorf("by count, reversed: %s", got)
	}
	b.press("h", "h", "Space", "Enter")
	b.shows(`Filter: cmd == "MSG"`)
	b.press("S", "2")
	b.shows("217 PRINCIPAL_NOT_ONLINE")
	b.press("Enter")
	b.shows("Filter: error", "[ok 1/56]")
	b.press("S", "2", "j", "Enter")
	b.shows("Filter: 217", "[ok 1/56]")
	b.press("S", "3", "Enter")
	b.shows(`Filter: user == "alice@hotmail.com"`)
	b.press("S", "4", "G", "Enter")
	b.shows("Filter: conn == 2")
	b.press("S", "Shift-Tab")
	b.shows("64 to     127")
	b.press("?")
	b.shows("half a page down")
	b.press("Esc", "Esc")
	b.hides("commands a second")
}

// TestStatisticsInASmallWindow: everything fits, and what does not is left out.
func TestStatisticsInASmallWindow(t *testing.T) {
	b := open(t, 47, 12, chat())
	for range model.Tables {
		b.press("S")
		b.visible()
		b.press("Tab", "G", "Esc")
	}
	open(t, 80, 24, Options{Log: &memLog{}}).press("S").shows("nothing")
}
