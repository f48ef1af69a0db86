// Package loadgen puts a server under load: many users of package client sign in, change their
// states, chat, or do nothing, and the times that this takes are counted in histograms of fixed
// size. It works against any server.
//
//	report, err := loadgen.Run(ctx, loadgen.Options{
//		Server: "127.0.0.1:1863", Mode: loadgen.Chat, Users: users,
//		Duration: 10 * time.Second,
//	})
//
// In the modes with groups the first user of each group acts, and all others must notice before the
// group's next act. With a rate, the times of the acts are fixed in advance, and a late act is
// measured from when it was due, so that a server that stalls does not look better for it.
package loadgen
