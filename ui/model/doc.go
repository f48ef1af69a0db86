// Package model holds what the inspector shows, apart from the screen: a window over the log of
// events with a filter, a scope, a selection, and the tree of sessions. Package ui draws it.
//
//	Log --At--> Step --+--> tree, figures, history (every event, once)
//	                   '--> index of the rows (the events that scope and filter let through)
//
// A [Model] belongs to the goroutine that draws; only the [Log] is shared with those who write it.
// No method blocks: what may take long (reading a big capture, filtering it, searching for a text)
// is done in slices by [Model.Step].
package model
