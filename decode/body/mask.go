package body

import (
	"regexp"
	"strings"
)

// Masked stands for a credential in reports and logs.
const Masked = "***"

// Names of credentials, in bodies and in the web services' documents that some bodies carry.
const secretNames = `auth[-_]?cookie|mspauth|mspprof|ticket(?:token)?|pass(?:word|wd)?|pwd|` +
	`binarysecret|binarysecuritytoken|ciphervalue|signaturevalue|(?:access|auth|security)?[-_]?token|` +
	`(?:hashed-)?nonce|secret|cookie`

var (
	// <ticket>t=...</ticket>, with or without a namespace, also where the document is escaped
	// itself or is cut off.
	secretElement = regexp.MustCompile(`(?is)((?:<|&lt;)(?:[\w.-]+:)?(?:` + secretNames +
		`)(?:\s[^<>]*?)?(?:>|&gt;))(.*?)(<|&lt;|$)`)
	// name=value, name: value, name="value", "name":"value"
	secretPair = regexp.MustCompile(`(?i)\b((?:` + secretNames + `)["']?\s*[=:]\s*)("[^"]*"?|'[^']*'?|[^\s&;,<>"']+)`)
	// t=...&p=..., the form of tickets
	secretTicket = regexp.MustCompile(`((?:^|[^\w.-])[tp]=)([^\s&;,<>"']+)`)
)

// Mask returns text from a body, or from a command, with [Masked] in place of what looks like a
// credential: values of elements, attributes and fields with names such as ticket or password, and
// tickets (t=...&p=...). It is for reports that quote what they do not know; text that only looks
// like a credential is masked too.
func Mask(text string) string {
	if !strings.ContainsAny(text, "=:>") && !strings.Contains(text, "&gt;") {
		return text
	}
	text = secretElement.ReplaceAllString(text, "${1}"+Masked+"${3}")
	text = secretPair.ReplaceAllString(text, "${1}"+Masked)
	return secretTicket.ReplaceAllString(text, "${1}"+Masked)
}
