package cluster

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/msnscope/msnscope/server/accounts"
)

// benchUsers is how many users change their lists at a time.
const benchUsers = 64

// eachBench runs a benchmark on SQLite and on clusters of one and three nodes, with and without
// waiting for the disk; a cluster of three is used through all its nodes.
func eachBench(b *testing.B, f func(b *testing.B, s accounts.Admin)) {
	b.Run("sqlite", func(b *testing.B) {
		s, err := accounts.Open(filepath.Join(b.TempDir(), "a.db"), accounts.OpenOptions{})
		must(b, err)
		b.Cleanup(func() { must(b, s.Close()) })
		f(b, s)
	})
	for _, n := range []int{1, 3} {
		for _, nosync := range []bool{false, true} {
			b.Run(fmt.Sprintf("nodes=%d/nosync=%v", n, nosync), func(b *testing.B) {
				var nodes []*Node
				for _, o := range options(b, n) {
					o.NoSync = nosync
					nodes = append(nodes, startNode(b, o))
				}
				for _, node := range nodes {
					must(b, node.Ready(b.Context()))
				}
				f(b, openStores(b, nodes))
			})
		}
	}
}

// fill makes the users, each with the next ten on the forward list.
func fill(b *testing.B, s accounts.Admin) (handles []string) {
	for i := range benchUsers {
		handles = append(handles, fmt.Sprintf("user%d@example.com", i))
		must(b, s.Create(handles[i], "secret", fmt.Sprintf("User%%20%d", i)))
	}
	for i := range handles {
		for j := range 10 {
			other := handles[(i+j+1)%benchUsers]
			_, err := s.Add(b.Context(), handles[i], accounts.Forward, accounts.Entry{Handle: other, Name: "N"}, 150)
			must(b, err)
		}
	}
	return handles
}

// BenchmarkChange has all users block and unblock somebody.
func BenchmarkChange(b *testing.B) {
	eachBench(b, func(b *testing.B, s accounts.Admin) {
		handles := fill(b, s)
		var next atomic.Int64
		b.SetParallelism(benchUsers / 2)
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			i := int(next.Add(1)) % benchUsers
			e := accounts.Entry{Handle: handles[(i+30)%benchUsers], Name: "N"}
			s := s
			if all, ok := s.(anyNode); ok {
				s = all.stores[i%len(all.stores)] // a user is on one node
			}
			for pb.Next() {
				_, err := s.Add(b.Context(), handles[i], accounts.Block, e, 150)
				if err == nil && pb.Next() {
					_, err = s.Remove(b.Context(), handles[i], accounts.Block, e.Handle)
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}

// BenchmarkLookup looks users up, one after the other and many at a time.
func BenchmarkLookup(b *testing.B) {
	eachBench(b, func(b *testing.B, s accounts.Admin) {
		handles := fill(b, s)
		b.Run("one", func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				lookup(b, s, handles[i%benchUsers])
			}
		})
		b.Run("many", func(b *testing.B) {
			b.SetParallelism(benchUsers / 2)
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					lookup(b, s, handles[i%benchUsers])
				}
			})
		})
	})
}
