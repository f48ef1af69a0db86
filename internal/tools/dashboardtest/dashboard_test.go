package dashboardtest

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// TestQueries: each query of the dashboard is valid once Grafana has put values in the place of its
// variables, and selects metrics that exist, of the chosen jobs and instances only.
func TestQueries(t *testing.T) {
	data, err := os.ReadFile("../../../docs/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(data, &board); err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile("../../../docs/METRICS.md")
	if err != nil {
		t.Fatal(err)
	}
	values := strings.NewReplacer("$__rate_interval", "1m", "$job", ".*", "$instance", ".*")
	checked := 0
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			checked++
			query := values.Replace(target.Expr)
			expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
			if err != nil {
				t.Errorf("%s: %s: %v", p.Title, query, err)
				continue
			}
			for _, selector := range parser.ExtractSelectors(expr) {
				name := check(t, p.Title, selector)
				if strings.HasPrefix(name, "msnscope_") && !strings.Contains(string(table), "| `"+name+"` |") {
					t.Errorf("%s: docs/METRICS.md has no metric %q", p.Title, name)
				}
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d queries were found", checked)
	}
}

// check returns the metric of a selector.
func check(t *testing.T, title string, selector []*labels.Matcher) (name string) {
	t.Helper()
	by := map[string]bool{}
	for _, m := range selector {
		if by[m.Name] = true; m.Name == "__name__" {
			name = m.Value
		}
	}
	if !by["job"] || !by["instance"] {
		t.Errorf("%s: %s is not limited to the chosen job and instance", title, name)
	}
	return name
}
