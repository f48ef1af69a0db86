package server_test

import (
	"testing"

	"github.com/msnscope/msnscope/server"
	"github.com/msnscope/msnscope/server/hubtest"
)

// TestHubInMemory: the hub of one process keeps its promises to one server and to several.
func TestHubInMemory(t *testing.T) {
	hubtest.Run(t, func(_ *testing.T, n int) []hubtest.Server {
		hub, all := server.NewHub(), make([]hubtest.Server, n)
		for i := range all {
			all[i] = hubtest.Server{Hub: hub, Switchboard: "127.0.0.4:1863"}
		}
		return all
	})
}
