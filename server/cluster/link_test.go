package cluster

import (
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/msnscope/msnscope/server/accounts/accountstest"
)

// TestConnect keeps accounts in NATS that somebody else runs, and comes back to them.
func TestConnect(t *testing.T) {
	n, err := natsserver.NewServer(&natsserver.Options{
		Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(),
		Username: "u", Password: "p", NoSigs: true, NoLog: true,
	})
	must(t, err)
	go n.Start()
	t.Cleanup(func() {
		n.Shutdown()
		n.WaitForShutdown()
	})
	if !n.ReadyForConnections(10 * time.Second) {
		t.Fatal("NATS does not start")
	}
	at := "@" + n.Addr().String()
	for i := range 2 {
		l, err := Connect("nats://u:p"+at, "", "n1")
		must(t, err)
		s := openStore(t, l, StoreOptions{Existing: i > 0})
		if i == 0 {
			accountstest.Fill(t, s)
		}
		if u := lookup(t, s, alice); u.Password != "alicepw" {
			t.Errorf("the account is %+v", u)
		}
		must(t, s.Close())
		l.Conn.Close()
	}
	_, err = Connect("nats://u:wrong"+at, "", "n1")
	wantError(t, err, "NATS at nats://u:xxxxx"+at+": nats: Authorization Violation")
	_, err = Connect("nats://u:p"+at, "", "a.b")
	wantError(t, err, "node's name")
	_, err = Connect("nats://u:p"+at, "none.creds", "n1")
	wantError(t, err, "none.creds")
}
