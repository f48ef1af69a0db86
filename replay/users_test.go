package replay

import (
	"slices"
	"testing"
)

// TestUsers: a server needs accounts for those whom it named and those whom it did not refuse, and for nobody else.
func TestUsers(t *testing.T) {
	plan, err := NewPlan(record(t, `
		1 open 10.0.0.5:1863
		1 C USR 1 MD5 I alice@hotmail.com
		1 S USR 1 MD5 S 1.2
		1 C ADD 2 FL Bob@hotmail.com Bob
		1 S ADD 2 FL 1 bob@hotmail.com Bob
		1 C ADD 3 FL nobody@hotmail.com N
		1 S 205 3
		1 C REM 4 FL dave@hotmail.com
		1 S 216 4
		1 C ADD 5 FL lost@hotmail.com
		1 S NLN NLN carol@hotmail.com Carol
		1 S MSG Hotmail Hotmail 3
	`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := plan.Users(), []string{"bob@hotmail.com", "carol@hotmail.com", "dave@hotmail.com"}; !slices.Equal(got, want) {
		t.Errorf("users %q, want %q", got, want)
	}
}
