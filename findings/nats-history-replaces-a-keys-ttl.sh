#!/usr/bin/env bash
# NATS 2.15.3 with nats.go 1.55.0: in a key-value bucket with a history of more than one, the time to live
# that Create was given for a key is replaced, without an error, by the bucket's LimitMarkerTTL.
#
# Guess before running: a key with KeyTTL(2 s) is gone after 2 s whatever history the bucket keeps.
# Seen: with History 1 it is gone after 2 s; with History 5 after 6 s, the bucket's LimitMarkerTTL. Who
# keeps sessions or presence in such a bucket keeps them as long as the markers of deleted keys.
set -euo pipefail
dir="$(mktemp -d)"
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat >main.go <<'GO'
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func main() {
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: "store", NoLog: true, NoSigs: true,
	})
	check(err)
	s.Start()
	defer s.Shutdown()
	if !s.ReadyForConnections(20 * time.Second) {
		log.Fatal("the server does not start")
	}
	nc, err := nats.Connect(s.ClientURL())
	check(err)
	js, err := jetstream.New(nc)
	check(err)
	for _, history := range []uint8{1, 5} {
		fmt.Printf("history %d: gone after %v\n", history, lifetime(js, history))
	}
}

// lifetime returns how long a key lives that Create was told to keep for two seconds.
func lifetime(js jetstream.JetStream, history uint8) time.Duration {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	kv, err := js.CreateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: fmt.Sprint("bucket", history), History: history, LimitMarkerTTL: 6 * time.Second,
	})
	check(err)
	began := time.Now()
	_, err = kv.Create(ctx, "alice", []byte("online"), jetstream.KeyTTL(2*time.Second))
	check(err)
	for err == nil {
		time.Sleep(50 * time.Millisecond)
		_, err = kv.Get(ctx, "alice")
	}
	if !errors.Is(err, jetstream.ErrKeyNotFound) {
		log.Fatal(err)
	}
	return time.Since(began).Round(2 * time.Second)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
GO
go mod init try >/dev/null 2>&1
go get github.com/nats-io/nats-server/v2@v2.15.3 github.com/nats-io/nats.go@v1.55.0 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
go run . | tee out
diff out - <<'WANT'
history 1: gone after 2s
history 5: gone after 6s
WANT
