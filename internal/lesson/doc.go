// Package lesson reads lessons, judges answers to their questions, and watches exercises.
//
// A lesson is a recording and a Markdown file about it. The file names the commands of the
// recording one after the other, explains them, and asks what comes next:
//
//	# The first logon
//
//	What the lesson is about, in a paragraph or two.
//
//	## Which dialect?
//
//	```msn
//	#2 C: VER 0 MSNP2
//	#3 S: VER 0 MSNP2
//	```
//
//	What happens here.
//
//	**Why:** what it is good for.
//
//	**Look at:** where to look.
//
//	**What would go wrong:** how this fails.
//
//	**Question:** What does the client say next?
//
//	```answer
//	#4
//	hint: It does not know yet how to prove a password.
//	```
//
// Each step, below its ##, shows commands of the recording by number, exactly as they are there; so
// a lesson notices a recording that is not its own ([Bind]). A command as an answer is judged by
// what it means, see [Question.Judge]. A step may have an exercise in place of a question, in which
// the learner speaks to a live server, see [Exercise].
//
// The package does no input or output; what the text of a lesson or of a recording contains is
// data.
package lesson
