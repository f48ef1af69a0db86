// Package control lets other programs see and do what the inspector does: JSON over HTTP, on a Unix
// socket or a loopback address. Every request needs the token.
//
//	curl --unix-socket S -H "Authorization: Bearer $(cat S.token)" http://msnscope/v1/connections
//
// The routes are a table, from which the server and the OpenAPI document that it serves are both
// made. A [Client] controls a proxy in another process and mirrors its events, which is how the
// inspector attaches to one. It reads the events as a recording, the only form that preserves them
// completely; other programs can have them as the JSON lines of -T jsonl.
package control
