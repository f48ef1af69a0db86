package fault

import (
	"strings"
	"testing"
)

// TestRulesAreFew: there is a greatest number of rules, and room again once one is removed.
func TestRulesAreFew(t *testing.T) {
	rs := NewRules(nil)
	for i := range MaxRules {
		if _, err := rs.Add("drop:p=0", 1); err != nil {
			t.Fatalf("rule %d: %v", i, err)
		}
	}
	if _, err := rs.Add("drop:p=0", 1); err == nil || !strings.Contains(err.Error(), "1000 faults already") {
		t.Errorf("one more: %v", err)
	}
	if n := len(rs.List()); n != MaxRules {
		t.Errorf("there are %d rules", n)
	}
	if !rs.Remove(7) {
		t.Fatal("no rule 7")
	}
	if _, err := rs.Add("drop", 1); err != nil {
		t.Errorf("in place of one that was removed: %v", err)
	}
}
