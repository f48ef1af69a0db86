// Package client is an MSN client as a library: what the demo, the load generator, the conformance
// suite and tests sign in with. It speaks MSNP2 as the draft has it and shares nothing with the
// server or the proxy but package decode.
//
//	c, err := client.Login(ctx, client.Options{
//		Server: "127.0.0.1:1863", Handle: "alice@hotmail.com", Password: "alicepw",
//	})
//	err = c.Sync(ctx)              // SYN: lists and settings (§7.5)
//	err = c.SetState(ctx, "NLN")   // CHG (§7.7)
//	s, err := c.Call(ctx, "bob@hotmail.com")
//	err = s.Await(ctx, "bob@hotmail.com")
//	err = s.Send(ctx, "Hello")
//	err = s.Leave(ctx)
//	err = c.Logout(ctx)
//
// Each connection has one goroutine, which reads. A reply goes to the request that waits for it,
// paired by TrID and verb; everything else becomes an [Event] for Options.OnEvent:
//
//	socket -> decode.Reader -> wire --- reply ---> the method that waits
//	                             \----- rest ----> Client or Switchboard -> OnEvent
//
// All methods are safe for concurrent use and each wait ends with its context. [Client.Close] ends
// every goroutine and connection of a Client, its switchboards included.
package client
