package cluster

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// Each random operation waits for the nodes, so make fewer checks by default. The command line
	// may still ask for more.
	if err := flag.Set("rapid.checks", "3"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}
