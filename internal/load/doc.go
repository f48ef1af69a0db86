// Package load puts a server under load: many users of package client sign in, change their states, chat, or do nothing, and
// what that takes is counted in histograms of a fixed size. It works against any server.
//
//	report, err := load.Run(ctx, load.Options{Server: "127.0.0.1:1863", Mode: load.Chat, Users: users, Duration: 10 * time.Second})
//
// In the modes with groups the first user of each group acts and all others must notice; the next act of the group comes
// when they have. With a rate, acts have their times beforehand, and what is late counts from when it should have been: a
// server that stalls does not look better for it.
package load
