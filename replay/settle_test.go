package replay

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
)

// TestPartings: what a user who is leaving still hears of one who left just before is a matter of
// chance; of one who left a while before it is not.
func TestPartings(t *testing.T) {
	const begin = `
		1 open 10.0.0.1:1863
		1 C USR 1 MD5 I alice@hotmail.com
		1 S USR 1 MD5 S 1.1
		1 C CHG 2 NLN
		1 S CHG 2 NLN
		2 open 10.0.0.1:1863
		2 C USR 1 MD5 I bob@hotmail.com
		2 S USR 1 MD5 S 1.2
		2 C CHG 2 NLN
		2 S CHG 2 NLN
		2 S ILN 2 NLN alice@hotmail.com Alice
		1 S NLN NLN bob@hotmail.com Bob
	`
	const ends = "1 C OUT\n2 C OUT\n1 close server\n2 close server\n"
	const told = "1 C OUT\n2 S FLN alice@hotmail.com\n1 close server\n2 C OUT\n2 close server\n"
	const untold = "1 C OUT\n1 close server\n2 C OUT\n2 close server\n"
	const shuts = "2 shut client\n1 close client\n2 close client\n"
	const pings = "2 C PNG\n2 S QNG\n"
	later := strings.Repeat("1 wait 10ms\n", 30) // each line is 10 ms later
	for _, tc := range []struct{ name, recorded, live, want string }{
		{"told where the recorded one was not", ends, told, ""},
		{"not told either", ends, untold, ""},
		{
			"told of one who left long before",
			"1 C OUT\n1 close server\n" + later + pings + "2 C OUT\n2 close server\n",
			"1 C OUT\n2 S FLN alice@hotmail.com\n1 close server\n" + pings + "2 C OUT\n2 close server\n",
			"2 unexpected FLN alice@hotmail.com",
		},
		{
			"told of somebody else", "1 C OUT\n1 close server\n" + pings + "2 C OUT\n2 close server\n",
			"1 C OUT\n2 S FLN carol@hotmail.com\n1 close server\n" + pings + "2 C OUT\n2 close server\n",
			"2 unexpected FLN carol@hotmail.com",
		},
		{
			"not told in time, as it was recorded", "1 C OUT\n1 close server\n2 S FLN alice@hotmail.com\n" +
				strings.TrimPrefix(untold, "1 C OUT\n1 close server\n"), untold, "2 missing FLN alice@hotmail.com",
		},
		{
			"told because of an end that was recorded after it", "2 S FLN alice@hotmail.com\n1 shut client\n" + shuts,
			"1 shut client\n2 S FLN alice@hotmail.com\n" + shuts, "",
		},
		{
			"not told at all, as it was recorded before the end", "2 S FLN alice@hotmail.com\n1 shut client\n" + shuts,
			"1 shut client\n" + shuts, "2 missing FLN alice@hotmail.com",
		},
		{
			"not told after its own end", "2 shut client\n1 shut client\n2 S FLN alice@hotmail.com\n1 close client\n" +
				"2 close client\n", "2 shut client\n1 shut client\n2 close client\n1 close client\n", "",
		},
		{
			"told of one who ended in the same moment",
			"1 shut client\n" + strings.Replace(shuts, "1 close", later+"1 close", 1),
			"1 shut client\n2 S FLN alice@hotmail.com\n" + shuts, "",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				live := strings.ReplaceAll(begin+tc.live, "10.0.", "10.9.")
				if got := troubles(replayed(t, begin+tc.recorded, live, Options{})); got != tc.want {
					t.Errorf("troubles %q, want %q", got, tc.want)
				}
			})
		})
	}
}

// TestCrossing: two commands that crossed are sent one after the other, and what the server makes
// of either order is the same.
func TestCrossing(t *testing.T) {
	const begin = `
		1 open 10.0.0.1:1863
		1 C USR 1 MD5 I alice@hotmail.com
		1 S USR 1 MD5 S 1.1
		2 open 10.0.0.1:1863
		2 C USR 1 MD5 I bob@hotmail.com
		2 S USR 1 MD5 S 1.2
		2 C REM 3 FL alice@hotmail.com
		2 S REM 3 FL 4 alice@hotmail.com
	`
	const recorded = begin + `
		1 C CHG 2 NLN
		2 C CHG 2 NLN
		1 S CHG 2 NLN
		2 S CHG 2 NLN
		1 S NLN NLN bob@hotmail.com Bob
		2 S ILN 2 NLN alice@hotmail.com Alice
		1 C PNG
		1 S QNG
	`
	const first = begin + "1 C CHG 2 NLN\n1 S CHG 2 NLN\n"
	for _, tc := range []struct{ name, live, want string }{
		{"the first one was first", first + "2 C CHG 2 NLN\n2 S CHG 2 NLN\n1 S NLN NLN bob@hotmail.com Bob\n" +
			"2 S ILN 2 NLN alice@hotmail.com Alice\n1 C PNG\n1 S QNG\n", ""},
		{"the second one was first", first + "2 C CHG 2 NLN\n2 S CHG 2 NLN\n1 S ILN 2 NLN bob@hotmail.com Bob\n" +
			"2 S NLN NLN alice@hotmail.com Alice\n1 C PNG\n1 S QNG\n", ""},
		{
			"an answer is no matter of chance", first + "2 C CHG 2 NLN\n2 S 201 2\n1 C PNG\n1 S QNG\n",
			"2 differs CHG 2 NLN [Command: want CHG, got 201]",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				live := strings.ReplaceAll(tc.live, "10.0.", "10.9.")
				if got := troubles(replayed(t, recorded, live, Options{})); got != tc.want {
					t.Errorf("troubles %q, want %q", got, tc.want)
				}
			})
		})
	}
}

// TestStrangers: users who never name each other are played at the same time, those who do in one
// order.
func TestStrangers(t *testing.T) {
	user := func(conn int, name string) string {
		return strings.NewReplacer("N ", fmt.Sprint(conn, " "), "NAME", name).Replace(
			"N open 10.0.0.1:1863\nN C USR 1 MD5 I NAME@hotmail.com\nN S USR 1 MD5 S 1.1\n")
	}
	for _, tc := range []struct {
		name, script string
		want         int
	}{
		{"two strangers", user(1, "alice") + user(2, "bob"), 2},
		{"one names the other", user(1, "alice") + user(2, "bob") + "2 S FLN alice@hotmail.com\n", 1},
		{"both name a third", user(1, "a") + user(2, "b") + "1 S FLN c@x.y\n2 S FLN C@x.y\n", 1},
		{"one user twice", user(1, "alice") + user(2, "ALICE"), 1},
		{"the server stops", user(1, "alice") + user(2, "bob") + "1 C CHG 2 NLN\n1 S OUT SSD\n2 S OUT SSD\n", 1},
	} {
		plan, err := NewPlan(record(t, tc.script))
		if err != nil {
			t.Fatal(err)
		}
		if got := len(plan.circles); got != tc.want {
			t.Errorf("%s: %d circles, want %d", tc.name, got, tc.want)
		}
	}
}
