package dialect

import "github.com/msnscope/msnscope/decode"

// FileTransferName is the word by which a file transfer names its protocol in VER, where the logon
// has the dialects.
const FileTransferName = "MSNFTP"

// msnftp is MSNFTP, the protocol of file transfers between two clients. The draft does not have it;
// clients of all dialects from MSNP2 to MSNP8 speak it in the same way, and so each table has these
// rows. The client is the one that connects and receives the file, and the server is the one that
// listens and sends it. There are no TrIDs and no errors.
var msnftp = []Row{
	{
		Verb: "VER", Dir: c, Roles: FT, When: Fetching, Implies: FT, Extension: true, Replies: verbs("VER"),
		Args:  []Arg{is("Protocol", FileTransferName)},
		Means: "the receiver begins a file transfer", Example: "VER MSNFTP\r\n",
	},
	{
		Verb: "VER", Dir: s, Roles: FT, Implies: FT, Extension: true,
		Args:  []Arg{is("Protocol", FileTransferName)},
		Means: "the sender is ready for a file transfer", Example: "VER MSNFTP\r\n",
	},
	{
		Verb: "USR", Dir: c, Roles: FT, When: Fetching, Extension: true, Replies: verbs("FIL"),
		Args:    []Arg{req("UserHandle", Self), req("AuthCookie", Cookie)},
		Means:   "who the receiver is, with the AuthCookie of the invitation",
		Example: "USR bob@hotmail.com 788213535\r\n",
	},
	{
		Verb: "FIL", Dir: s, Roles: FT, Extension: true, Args: []Arg{req("FileSize", Number)}, Payload: decode.Blocks,
		Means: "how many bytes the file has; where they end, the file ends", Example: "FIL 627\r\n",
	},
	{
		Verb: "TFR", Dir: c, Roles: FT, When: Fetching, Extension: true, Replies: verbs("BLK"),
		Means: "asks for the file", Example: "TFR\r\n",
	},
	{
		Verb: "BLK", Dir: s, Roles: FT, Extension: true, Payload: decode.OneBlock,
		Means: "a block of the file: no line, but octet 0, the length in two octets, the low one first, and the " +
			"content; octet 1 and length 0 end a transfer early",
		Example: "\x00\x05\x00hello",
	},
	{
		Verb: "CCL", Dir: c, Roles: FT, When: Fetching, Extension: true,
		Means: "the receiver cancels the transfer, and closes", Example: "CCL\r\n",
	},
	{
		Verb: "BYE", Dir: c, Roles: FT, When: Fetching, Extension: true, Args: []Arg{opt("Code", Number)},
		Means: "the receiver has the whole file; some clients never say so", Example: "BYE 16777989\r\n",
	},
}
