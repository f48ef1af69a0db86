package server_test

import (
	"bufio"
	"context"
	"fmt"

	"github.com/msnscope/msnscope/server"
)

// A server in a test needs no port. It has the accounts alice, bob, carol and dave @hotmail.com
// with the password NAMEpw.
func Example() {
	s := server.New(server.Options{})
	defer s.Close()
	c, _ := s.Dial(context.Background(), "tcp", "127.0.0.3:1863") // its notification server

	fmt.Fprint(c, "VER 0 MSNP2\r\n")
	answer, _ := bufio.NewReader(c).ReadString('\n')
	fmt.Printf("%q\n", answer)
	// Output: "VER 0 MSNP2\r\n"
}
