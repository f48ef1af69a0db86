package replay

import (
	"strings"
	"testing"
)

// TestDiff: what differs between two recordings is found by user, connection and transaction,
// whatever the order of the connections, and what is new in every session is no difference.
func TestDiff(t *testing.T) {
	other := strings.NewReplacer("10.9.", "10.7.").Replace(liveTalk)
	for _, tc := range []struct {
		name, b string
		ignore  []string
		want    string
	}{
		{name: "two sessions of the same", b: other},
		{
			name: "another state of the client", b: strings.Replace(other, "2 C CHG 8 NLN", "2 C CHG 8 AWY", 1),
			want: "2 differs CHG 8 NLN [State: want NLN, got AWY]",
		},
		{
			name: "that state, ignored", b: strings.Replace(other, "2 C CHG 8 NLN", "2 C CHG 8 AWY", 1),
			ignore: []string{"State"},
		},
		{
			name: "one answer less", b: strings.Replace(other, "2 S LST 7 FL 12 1 1 bob@hotmail.com Bob\n", "", 1),
			want: "2 missing LST 7 FL 12 1 1 bob@hotmail.com Bob",
		},
		{
			name: "a connection more", b: other + "6 open 10.7.0.9:1863\n6 C USR 1 carol@hotmail.com 1.2\n",
			want: "6 unexpected USR 1 carol@hotmail.com *** (connection 6 is in the second recording only)",
		},
	} {
		r := Diff(record(t, liveTalk), record(t, tc.b), tc.ignore)
		if got := troubles(r); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
		if (r.Verdict() == Same) != (tc.want == "") || r.Counts.Same < 35 {
			t.Errorf("%s: verdict %s, %d the same", tc.name, r.Verdict(), r.Counts.Same)
		}
	}
}
