// Package bus hands every event that is published to every subscriber, each at
// its own pace. It knows nothing of what an event is.
//
//	Publish ──┬─> queue ──> Handle   (recorder)
//	          ├─> queue ──> Handle   (screens)
//	          └─> queue ──> Handle   (output)
//
// # The law of order
//
//  1. Publications are in one order, that in which Publish takes the bus's
//     lock. A Publish that returned before another began comes first.
//  2. Every subscriber sees its events in that order, within a batch and from
//     batch to batch. Handle of one subscription never runs twice at a time.
//  3. Subscriptions do not wait for each other: one may lag far behind another.
//  4. A batch is handled when its first event has waited for the subscription's
//     Delay, if that has one, or when the subscription is closed.
//  5. A subscription sees what is published after Subscribe returned and before
//     Close was called. What is published while one of these runs, it may see.
//
// # The law of loss
//
//  1. Publish never waits for a subscriber. It waits for a lock that is held for
//     an append a subscription, never over a call of Handle, Gap or size.
//  2. A subscription holds at most MaxBytes, as New's size function counts them,
//     in its queue and in the batch that Handle has, together. An event that
//     does not fit is lost to this subscription, and from then on every event
//     until Handle has returned from all that was held.
//  3. Each such run of losses is told by exactly one event, made by Gap from the
//     first and the last event that were lost and their number. It stands where
//     the lost ones would have stood: after all before them, before all that is
//     published once Handle got it. It may be larger than MaxBytes allows; it,
//     or the two events it is made of, is all that is held beyond that.
//  4. Close loses nothing more: what is held is handled, and a Gap that is due
//     is delivered, before Close returns.
//
// # Re-entrance
//
// Handle and Gap may call Publish, Subscribe and Lost, of any bus. An event that
// Handle publishes comes to its own subscription too, in a later batch, or is
// lost to it when its queue is full. Neither may wait for what waits for it:
// calling Close of its own subscription or bus from Handle never returns, and a
// subscriber that wants to leave calls go s.Close().
//
// # Panics
//
// A panic in Handle or Gap is not recovered and ends the program: a recorder
// that silently stopped would be a loss that no Gap tells.
package bus
