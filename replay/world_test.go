package replay

import (
	"slices"
	"testing"
)

// TestUsers: a server needs accounts for the users whom it named or did not refuse, and for nobody
// else.
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
	if got, want := plan.Users(), []string{
		"bob@hotmail.com", "carol@hotmail.com",
		"dave@hotmail.com",
	}; !slices.Equal(got, want) {
		t.Errorf("users %q, want %q", got, want)
	}
}

// TestWorld: the state before the recording follows from the first command that shows it.
func TestWorld(t *testing.T) {
	plan, err := NewPlan(record(t, `
		1 open 10.0.0.5:1863
		1 C USR 1 MD5 I alice@hotmail.com
		1 S USR 1 MD5 S 1.2
		1 C USR 2 MD5 S aa
		1 S USR 2 OK alice@hotmail.com Alice%20L
		1 C SYN 3 0
		1 S SYN 3 7
		1 S GTC 3 7 N
		1 S BLP 3 7 AL
		1 S LST 3 FL 7 1 2 bob@hotmail.com Bobby
		1 S LST 3 FL 7 2 2 carol@hotmail.com Carol
		1 S LST 3 AL 7 0 0
		1 S LST 3 BL 7 0 0
		1 S LST 3 RL 7 1 1 dave@hotmail.com Dave
		1 C ADD 4 AL erin@hotmail.com Erin
		1 S ADD 4 AL 8 erin@hotmail.com Erin
		1 C REM 5 AL fred@hotmail.com
		1 S REM 5 AL 9 fred@hotmail.com
		1 C ADD 6 BL gina@hotmail.com Gina
		1 S 215 6
		1 C BLP 7 BL
		1 S BLP 7 10 BL
		1 C ADD 8 FL hugo@hotmail.com Hugo
		1 S 210 8
		1 S NLN NLN bob@hotmail.com Bob%20B
	`))
	if err != nil {
		t.Fatal(err)
	}
	w := plan.World()
	if !w.NoDispatch || w.ListLimit != 2 {
		t.Errorf("no dispatch %v, list limit %d, want true and 2", w.NoDispatch, w.ListLimit)
	}
	all := map[string]Account{}
	for _, a := range w.Accounts {
		all[a.Handle] = a
	}
	alice := all["alice@hotmail.com"]
	want := [3][]Entry{
		{{"bob@hotmail.com", "Bobby"}, {"carol@hotmail.com", "Carol"}},
		{{"fred@hotmail.com", ""}},
		{{"gina@hotmail.com", "Gina"}},
	}
	for l := range want {
		if !slices.Equal(alice.Lists[l], want[l]) {
			t.Errorf("%s: %v, want %v", accountLists[l], alice.Lists[l], want[l])
		}
	}
	if alice.Name != "Alice%20L" || alice.Serial != 7 || alice.Settings["GTC"] != "N" || alice.Settings["BLP"] != "AL" {
		t.Errorf("alice is %+v, want her name, serial 7, GTC N and BLP AL", alice)
	}
	if bob := all["bob@hotmail.com"]; bob.Name != "Bob%20B" {
		t.Errorf("bob's name is %q, want the one that he has for others", bob.Name)
	}
	dave := all["dave@hotmail.com"]
	if !slices.Equal(dave.Lists[0], []Entry{{"alice@hotmail.com", ""}}) {
		t.Errorf("dave's FL is %v, want alice, who has him on her RL", dave.Lists[0])
	}
}
