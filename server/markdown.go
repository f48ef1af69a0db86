package server

import (
	"fmt"
	"strings"
)

// SettingsMarkdown returns docs/SERVER.md: the settings, the limits and their reasons, as Markdown.
func SettingsMarkdown() string {
	var b strings.Builder
	b.WriteString(`# The embedded server's behaviour

Generated from the table of settings (server/settings.go); ` + "`go test ./cmd/msnscope -run TestDocsAreFresh -update`" + ` writes it.

The draft leaves some things open, and real servers did some things differently. A preset gives each of these settings a value:

- ` + "`lenient`" + `, the default: the whole draft, including its answers to errors, except where real clients fail with its letter,
  and with the extensions that they need;
- ` + "`draft`" + `: the draft to the letter, and nothing else;
- ` + "`observed`" + `: as Microsoft's servers were seen to behave.

A setting can also be set by itself: ` + "`msnscope serve --preset draft --set joi-to-joiner=no --set cookie-ttl=90s`" + `, or, in a
program, ` + "`server.Options.Settings`" + `. Values are yes or no, numbers, and durations such as ` + "`90s`" + `. Values that differ from the
draft's are **bold**.

The limits below are set in the same way.

| setting | § | what it does | lenient | draft | observed | why |
|---|---|---|---|---|---|---|
`)
	for _, row := range settingRows {
		fmt.Fprintf(&b, "| `%s` | %s | %s ", row.key, row.section, row.means)
		for _, v := range row.values {
			if v != row.values[Draft] {
				v = "**" + v + "**"
			}
			fmt.Fprintf(&b, "| %s ", v)
		}
		fmt.Fprintf(&b, "| %s |\n", row.reason)
	}
	b.WriteString(limitsHead)
	for _, row := range limitRows {
		fmt.Fprintf(&b, "| `%s` | %s | %d | %s | %s |\n", row.key, row.means, row.value, row.refused, row.reason)
	}
	b.WriteString(limitsFoot)
	b.WriteString(storedMarkdown)
	return b.String()
}

// storedMarkdown describes what may be stored. The rules themselves are in
// server/accounts/check.go.
const storedMarkdown = `
## What a stored value may contain

What one user stores is sent to others, so it must be a single word of a command line (§5.2). A name, a telephone number or a group's
name that contains a control character (including NUL, ESC, DEL and a lone CR) is refused:

| what | at most | refused with |
|---|---|---|
| a handle (§5.4) | 129 bytes, ASCII | 208; 206 without a domain |
| a friendly name, the user's own or a contact's (§5.5) | 387 bytes, escaped | 209 |
| a group's name (MSNP7) | 61 bytes, escaped | 209; 229 if it is too long |
| a telephone number or other property (MSNP5) | 387 bytes, escaped | 201; 209 if it is too long |
| another argument | one of its words | 201 |
| a system message (` + "`msnscope accounts notify`" + `) | 1500 bytes of UTF-8 | it is not sent |

In escaped form any character is allowed: the draft lets a name contain all of Unicode, so ` + "`x%0D%0AOUT`" + ` is stored and sent byte
for byte, and a program that decodes it for display must handle that. With ` + "`close-on-error`" + `, the server closes the connection where
the table says 201 or 209.

The same rules hold for the accounts verbs and for programs that use the store. A value that an older version left in a database and that
cannot be sent is left out and logged once, with its owner: the handle takes the place of a name, the value of a new account that of a
setting.

## What ends with a user

` + "`msnscope accounts remove`, `passwd` and `kick`" + `, like the corresponding calls of a program that has the store, end every connection of
the user: the one to the notification server with OUT, those to switchboards by closing them, which the others see as BYE. The user's
cookies are revoked too, with the invitations that it has sent and received; ANS and USR with them are answered with 911. Each connection
is logged, with the reason.

A second logon is a different matter: the first notification connection gets OUT OTH (§7.10) and ends, and no other connection does. It is
the same user in another place, whose sessions and invitations stay.

## Invitations and answers

A user may have 32 open invitations (` + "`user-invitations`" + `), whoever is invited; one more is refused with 713. No invitation ever makes room
for another user's. Answers are made only as fast as the client reads: while 64 KB of them are unread, its next command waits. A client
that reads nothing for 30 seconds is disconnected, and so is one with 2 MB waiting for it that others have sent.

## Clients that wait for somebody

Some clients do not finish their logon with lists that are empty. gaim 0.64 wants somebody on the reverse list, the Python library
` + "`twisted.protocols.msn`" + ` of 2003 an entry on any list. For them there is

- ` + "`--set welcome=yes`" + `: greeter@hotmail.com adds each user whose lists are empty at the logon, and stands on the user's forward
  and allow list. The greeter is an account to which nobody has the password; a user who removes it stays without it as long as
  another list has an entry;
- or, for one account, ` + "`msnscope accounts lists add dave@hotmail.com FL erin@hotmail.com --db accounts.db`" + `: what dave adds to the
  forward list has dave on its reverse list.

The answer to VER has all dialects that the client offers and the server speaks, in the client's order, then CVR0; the first of them is
spoken. gaim 0.63 to 0.68 go on only if MSNP5 is among them. With ` + "`--set extensions=no`" + `, as in the draft preset, there is only MSNP2.

The length of MSG counts bytes. irchat-msn and Eclipse ECF count characters: with an é the server waits for one more byte, which it takes
from the next command. What it waits for, ` + "`MSG 4 waits for 1 more byte`" + `, is shown in the lines and in the inspector after two seconds.
`

const limitsHead = `
## Limits

These limits bound what one user, one address, and all clients together may take, in every preset; 0 means no limit:
` + "`--set user-sessions=500`" + `. An address is an IPv4 address, or the first 64 bits of an IPv6 address. Through msnscope's proxy in the same
process each client counts with its own address. Behind another proxy all clients count with the proxy's, unless it names theirs:
` + "`serve --proxy-protocol-from 10.0.0.0/8`" + `. [LIMITS.md](LIMITS.md) says how much a peer can make the server hold.

| limit | of what | default | beyond it | reason |
|---|---|---|---|---|
`

const limitsFoot = `
Some limits have no name, since nothing depends on their exact value:

- A connection that is not read from is closed when 2 MB wait for it, or when a write takes longer than 30 s. Answers are made in
  parts of 32 KB; while 64 KB of them wait, the next part and the next command wait too. What others send to the client meanwhile
  waits for the end of the answer.
- When the buffers of an address, or of all users, are full, the user who holds most of them pays, not the one who needs some next: that
  user's largest connection is closed. The connections of an address without a logon count as one user. If it is the one who needs
  some, it gets ` + "`712`" + `.
- A command that has begun must be completed: the server waits 60 s for it, and one second more for each 4 KB that arrived. After 2 s in
  which nothing came, the log says what it waits for, such as "MSG 2 waits for 18 more bytes"; many of them make few lines with their number.
  A message may have 1 MB, a line 8 KB; before the logon only lines are allowed. A logon may take 60 s.
- The answers to right and wrong passwords are delayed alike. Attempts from elsewhere make no difference, so that nobody can lock
  somebody else out. What the server remembers about attempts takes 1 MB, however many addresses make them: when very many do,
  others wait for an answer too.
- A PROXY protocol header must arrive within 5 s, and may have 4 KB. A header from an address that is not a trusted proxy's closes the
  connection.
- A user may have 32 cookies for switchboard sessions of its own at a time. The cookie of an invitation is valid for ` + "`cookie-ttl`" + `, so
  that with the values above a user may have caused 64 of those.
- When all connections are taken, the one that has gone longest without a logon makes room, once it has had 2 s; if there is none, the
  new connection gets ` + "`600`" + `. Refused connections make at most one line a second in the log, with their number.
- A reverse list has no limit: otherwise, whoever filled one could keep everybody else from adding that user. It has an entry for each
  account that lists the user, and only the operator makes accounts; a SYN is answered with about 60 bytes for each, 640 at most,
  in parts.
`
