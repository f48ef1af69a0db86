package session_test

import (
	"testing"

	"github.com/msnscope/msnscope/decode/session"
)

func TestFolds(t *testing.T) {
	const notice = `MIME-Version: 1.0\r\nContent-Type: text/x-msmsgscontrol\r\nTypingUser: a@b.c\r\n\r\n\r\n`
	for _, tc := range []struct {
		name, line string
		want       session.Fold
	}{
		{"ping", `c C: PNG\r\n`, session.KeepAlive},
		{"its answer", `c S: QNG 45\r\n`, session.KeepAlive},
		{"typing", `c C: MSG 3 U 83\r\n` + notice, session.Typing},
		{"somebody types", `c S: MSG a@b.c A 83\r\n` + notice, session.Typing},
		{
			"words of any case, bare LF",
			"c C: MSG 3 U 60\\r\\n" + "content-type: Text/X-MSMSGSControl; a=b\ntypinguser: a@b.c\n\n\n",
			session.Typing,
		},
		{
			"somebody writes of it",
			`c C: MSG 3 N 62\r\nContent-Type: text/plain\r\n\r\ntext/x-msmsgscontrol is the type`, session.NoFold,
		},
		{"text", `c C: MSG 3 N 5\r\nhello`, session.NoFold},
		{"another command", `c C: CHG 3 NLN\r\n`, session.NoFold},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newPlayer()
			e := p.one(t, tc.line)
			if got := session.Folds(e); got != tc.want {
				t.Errorf("folds as %q, want %q", got, tc.want)
			}
			e.Flags |= session.Held
			if got := session.Folds(e); got != session.NoFold {
				t.Errorf("one that was held folds as %q", got)
			}
		})
	}
	if got := session.Folds(&session.Event{Kind: session.Note}); got != session.NoFold {
		t.Errorf("a note folds as %q", got)
	}
}
