package accounts

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
)

// BenchmarkListChanges measures acknowledged list changes of clients that add and remove at the
// same time; with SQLite they are on disk. Each operation is one change, of a forward list and of
// somebody else's reverse list.
func BenchmarkListChanges(b *testing.B) {
	for name, open := range map[string]func(b *testing.B) Admin{
		"memory": func(*testing.B) Admin { return Defaults() },
		"sqlite": func(b *testing.B) Admin { return openTest(b, filepath.Join(b.TempDir(), "a.db")) },
	} {
		for _, clients := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/%d", name, clients), func(b *testing.B) {
				s := open(b)
				for i := range clients + 50 {
					if err := s.Create(fmt.Sprintf("user%d@hotmail.com", i), "pw", "x"); err != nil {
						b.Fatal(err)
					}
				}
				b.ResetTimer()
				changes(b, s, clients)
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "changes/s")
			})
		}
	}
}

// changes has each client add fifty others and remove them again, b.N changes in all.
func changes(b *testing.B, s Store, clients int) {
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			owner := fmt.Sprintf("user%d@hotmail.com", c)
			for i := range (b.N + c) / clients {
				other := fmt.Sprintf("user%d@hotmail.com", c+i%50+1-c%2)
				var err error
				if i%100 < 50 {
					_, err = s.Add(b.Context(), owner, Forward, Entry{other, "x"}, 150)
				} else {
					_, err = s.Remove(b.Context(), owner, Forward, other)
				}
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkLookup(b *testing.B) {
	s := openTest(b, filepath.Join(b.TempDir(), "a.db"))
	for i := range 150 {
		h := fmt.Sprintf("user%d@hotmail.com", i)
		if err := s.Create(h, "pw", "x"); err != nil {
			b.Fatal(err)
		}
		if _, err := s.Add(b.Context(), alice, Forward, Entry{h, "x"}, 150); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("cached", func(b *testing.B) {
		for b.Loop() {
			_, _ = s.Lookup(b.Context(), alice)
		}
	})
	b.Run("150-entries-from-the-file", func(b *testing.B) {
		for b.Loop() {
			_, _ = s.query(b.Context(), s.read, alice)
		}
	})
}
