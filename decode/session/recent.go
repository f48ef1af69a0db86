package session

// recent is a map that holds the latest max entries: a put beyond that removes the oldest one.
type recent[K comparable, V any] struct {
	max   int
	byKey map[K]held[V]
	order []turn[K]
	turns uint64
}

type held[V any] struct {
	value V
	turn  uint64
}

// turn is one put. It is stale once its key was put again or dropped.
type turn[K comparable] struct {
	key  K
	turn uint64
}

func newRecent[K comparable, V any](limit int) recent[K, V] {
	return recent[K, V]{max: limit, byKey: map[K]held[V]{}}
}

func (r *recent[K, V]) put(key K, v V) {
	r.turns++
	r.byKey[key] = held[V]{v, r.turns}
	r.order = append(r.order, turn[K]{key, r.turns})
	if len(r.order) > r.max {
		oldest := r.order[0]
		r.order = r.order[1:]
		if r.byKey[oldest.key].turn == oldest.turn {
			delete(r.byKey, oldest.key)
		}
	}
}

func (r *recent[K, V]) get(key K) (V, bool) {
	h, ok := r.byKey[key]
	return h.value, ok
}

func (r *recent[K, V]) drop(key K) { delete(r.byKey, key) }
