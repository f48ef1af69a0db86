// Package control is the way in for other programs: what the inspector shows and does, as JSON over HTTP, on a Unix socket or a
// loopback address. Nothing is served without the token.
//
//	curl --unix-socket S -H "Authorization: Bearer $(cat S.token)" http://msnscope/v1/connections
//
// The routes are a table, of which the server is made and the OpenAPI document that it serves. A [Client] steers a proxy from
// another process, and mirrors its events: so the inspector attaches to one. Events go over the wire as a recording, the one
// form that gives them back whole; for other programs they are the JSON lines of -T jsonl.
package control
