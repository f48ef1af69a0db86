package session_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// published is a line of a script: a document that is published, or about which users are told.
func published(dir, command, from, kind, more, content string) string {
	payload := "Routing: 1.0\r\nTo: 1:a@b.c\r\nFrom: " + from + "\r\n\r\nReliability: 1.0\r\nStream: 0\r\n\r\n" +
		"Notification: 1.0\r\nNotifNum: 0\r\n" + more + "Content-Type: application/" + kind + "+xml\r\n" +
		fmt.Sprintf("Content-Length: %d\r\n\r\n", len(content)) + content
	line := fmt.Sprintf("%s %d\r\n%s", command, len(payload), payload)
	return "c " + dir + ": " + strings.NewReplacer("\r", `\r`, "\n", `\n`).Replace(line) + "\n"
}

// TestPublishedPresence: from MSNP19 on, presences are in documents, about users, about circles and
// about the connection's own user. What a document does not say stays, and what is no document
// about a presence changes nothing.
func TestPublishedPresence(t *testing.T) {
	user := func(status string) string { return `<user><s n="IM"><Status>` + status + `</Status></s></user>` }
	const (
		bob    = "1:bob@e.f"
		circle = "9:00000000-0000-0000-0009-73944a8f7947@live.com"
		here   = "1:bob@e.f NLN"
	)
	online := published("S", "NFY PUT", bob+";epid={1}", "user", "Uri: /user\r\nNotifType: Full\r\n",
		`<user><s n="IM"><Status>NLN</Status></s><s n="PE"><FriendlyName>B&amp;b</FriendlyName></s>`+
			`<sep n="IM" epid="{1}"><Capabilities>1:2</Capabilities></sep></user>`)
	for _, tc := range []struct {
		name, script string
		want         []string
	}{
		{"a contact comes", online, []string{here + " B&b"}},
		{
			"and changes its state", online + published("S", "NFY PUT", bob, "user", "Uri: /user\r\n", user("AWY")),
			[]string{"1:bob@e.f AWY B&b"},
		},
		{
			"and its name alone", online + published("S", "NFY PUT", bob, "user", "Uri: /user\r\n",
				`<user><s n="PE"><FriendlyName>Bobby</FriendlyName></s></user>`),
			[]string{here + " Bobby"},
		},
		{
			"and goes", online + published("S", "NFY DEL", bob+";epid={1}", "user", "Uri: /user\r\n",
				`<user><sep n="IM" epid="{1}"/></user>`),
			[]string{"1:bob@e.f FLN B&b"},
		},
		{
			"another service of it goes", online + published("S", "NFY DEL", bob, "user", "Uri: /user\r\n",
				`<user><sep n="PD" epid="{1}"/></user>`),
			[]string{here + " B&b"},
		},
		{
			"on another network", published("S", "NFY PUT", "32:bob@e.f", "user", "", user("BSY")),
			[]string{"32:bob@e.f BSY"},
		},
		{
			"a circle", published("S", "NFY PUT", circle, "circles", "Uri: /circle\r\nNotifType: Full\r\n", ""),
			[]string{circle + " NLN"},
		},
		{
			"a circle goes", published("S", "NFY PUT", circle, "circles", "Uri: /circle\r\nNotifType: Full\r\n", "") +
				published("S", "NFY DEL", circle, "circles", "Uri: /circle\r\n", ""),
			[]string{circle + " FLN"},
		},
		{
			"somebody leaves a circle", published("S", "NFY PUT", circle, "circles", "NotifType: Full\r\n", "") +
				published("S", "NFY DEL", circle, "circles", "Uri: /circle/roster(IM)/user(1:bob@e.f)\r\n", ""),
			[]string{circle + " NLN"},
		},
		{
			"somebody joins a circle", published("S", "NFY PUT", circle, "circles", "Uri: /circle\r\n",
				"<circle><roster><id>IM</id><user><id>1:bob@e.f</id></user></roster></circle>"), nil,
		},
		{"a member of a circle", published("S", "NFY PUT", bob+";via="+circle, "user", "", user("NLN")), nil},
		{
			"a network", published("S", "NFY PUT", "14:fb", "network", "",
				"<network><status>SigningIn</status></network>"), nil,
		},
		{"no XML", published("S", "NFY PUT", bob, "user", "", "<user><s n=\"IM\"><Status>NLN"), nil},
		{"no document", `c S: NFY PUT 5\r\nhello` + "\n", nil},
		{"a message", published("S", "SDG 0", bob, "user", "", user("NLN")), nil},
		{
			"oneself", published("C", "PUT 7", "1:a@b.c;epid={2}", "user", "Uri: /user\r\n", user("IDL")),
			[]string{"own IDL"},
		},
		{
			"oneself, told", published("S", "NFY PUT", "1:A@b.c", "user", "Uri: /user\r\n", user("PHN")),
			[]string{"own PHN"},
		},
		{"somebody else's name", published("C", "PUT 7", bob, "user", "Uri: /user\r\n", user("IDL")), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := replayed(t, "c S: VER 1 MSNP21\\r\\n\nc S: USR 2 OK a@b.c 1 0\\r\\n\n"+tc.script)
			u, got := s.User("a@b.c"), []string(nil)
			if u.State != "FLN" {
				got = append(got, "own "+u.State)
			}
			for _, c := range u.Contacts() {
				got = append(got, strings.TrimSpace(c.Network+":"+c.Handle+" "+c.State+" "+c.Name))
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}
