// Package cluster runs servers that share their users on several machines. Its engine is NATS with
// JetStream: inside the process ([Start]) or outside of it ([Connect]). Either yields a [Link],
// through which everything else of the package talks:
//
//	Options --> Start ---> Node --.
//	a URL and credentials --------+--> Link --> Store, one stream with a record a user
//	the folder of a node ---------'
//
// The guarantees are those of docs/CLUSTER.md: what was acknowledged has been stored by a majority
// of the nodes, and nothing is acknowledged without one.
package cluster
