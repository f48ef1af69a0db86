package metrics

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

var metricName = regexp.MustCompile(`\b(msnscope|process|go)_[a-z_]+`)

// TestDashboard: the dashboard shows every metric, and none that does not exist. Its queries are
// parsed in a module of its own, internal/tools/dashboardtest.
func TestDashboard(t *testing.T) {
	data, err := os.ReadFile("../../docs/grafana.json")
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
	got, err := newStage(t).registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	served, shown := map[string]bool{}, map[string]bool{}
	for _, mf := range got {
		served[mf.GetName()] = true
	}
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			names := metricName.FindAllString(target.Expr, -1)
			if len(names) == 0 {
				t.Errorf("%s: %s names no metric", p.Title, target.Expr)
			}
			for _, name := range names {
				if shown[name] = true; !served[name] {
					t.Errorf("%s: there is no metric %s", p.Title, name)
				}
			}
		}
	}
	for name := range served {
		if strings.HasPrefix(name, "msnscope_") && !shown[name] {
			t.Errorf("no panel shows %s", name)
		}
	}
}
