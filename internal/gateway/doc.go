// Package gateway knows how MSN clients speak through an HTTP gateway, for where port 1863 is
// closed. The rest of the program sees commands, never HTTP.
//
// A client sends its commands in the bodies of POST requests and gets those of the server in the
// bodies of the answers; it polls when it has nothing to say. All requests of one session take the
// place of one TCP connection, over however many TCP connections they come:
//
//	POST /gateway/gateway.dll?Action=open&Server=NS&IP=messenger.hotmail.com   begins a session
//	POST /gateway/gateway.dll?SessionID=ID                                     says something
//	POST /gateway/gateway.dll?Action=poll&SessionID=ID                         asks for news
//	X-MSN-Messenger: SessionID=ID; GW-IP=ADDRESS[; Session=close]              in each answer
//
// [Read] reads requests and answers, [Head] changes single lines of them, [Conn] is a session as a
// net.Conn, and [Gateway] is a gateway in front of a server that speaks plain TCP.
package gateway
