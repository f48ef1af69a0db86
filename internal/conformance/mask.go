package conformance

import (
	"slices"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/redact"
)

// mask returns text with a mark in place of all credentials of the case: passwords, responses to
// challenges, and the challenges and cookies that the server gave out. Reports are kept and shown
// to others.
func (p *player) mask(text string) string {
	secrets := map[string]bool{}
	for proof := range p.proofs {
		secrets[proof] = true
	}
	for _, password := range p.passwords {
		secrets[password] = true
	}
	for _, c := range p.conns {
		given(c.all(), secrets)
	}
	for secret := range secrets {
		text = maskWord(text, secret)
		quoted := strconv.Quote(secret)
		text = maskWord(text, quoted[1:len(quoted)-1])
	}
	return text
}

// given adds the sensitive arguments of what a server sent, in any dialect, to secrets.
func given(said string, secrets map[string]bool) {
	for line := range strings.SplitSeq(said, "\r\n") {
		if len(line) < 3 {
			continue
		}
		for _, table := range dialect.All() {
			if !slices.ContainsFunc(table.Of(decode.FromServer, decode.V(line[:3])), sensitive) {
				continue // most lines, and nearly all of a flood
			}
			m := decode.Parse([]byte(line+"\r\n"), decode.FromServer, table)
			row := table.Match(decode.FromServer, dialect.Any, &m)
			if row == nil || m.Opaque() {
				continue
			}
			for i := range m.NumArgs() {
				if a, ok := row.Arg(i); ok && a.Kind.Sensitive() {
					secrets[string(m.Arg(i))] = true
				}
			}
		}
	}
}

// sensitive reports whether a command of the row has a credential.
func sensitive(row *dialect.Row) bool {
	return row.Kinds()&dialect.KindsOf(dialect.Cookie, dialect.Secret) != 0
}

// maskWord masks a secret where it stands as a word of its own.
func maskWord(text, secret string) string {
	if secret == "" {
		return text
	}
	var b strings.Builder
	for {
		i := strings.Index(text, secret)
		if i < 0 {
			return b.String() + text
		}
		end := i + len(secret)
		if i > 0 && isWord(text[i-1]) || end < len(text) && isWord(text[end]) {
			b.WriteString(text[:i+1])
			text = text[i+1:]
			continue
		}
		b.WriteString(text[:i] + redact.Masked)
		text = text[end:]
	}
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
