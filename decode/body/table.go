package body

// table lists the content types: first the entry for fields that any body may have, then types that
// users send, types that servers send, and the rest.
var table = []row{
	{TypeInfo: TypeInfo{
		Means: "any body, whatever its type", From: FromEither, Since: "MSNP2",
		Fields: []FieldInfo{
			{Name: "MIME-Version", In: InHeader, Means: "always 1.0"},
			{Name: "Content-Type", In: InHeader, Means: "what the data is"},
			{
				Name: "Message-ID", In: InHeader, Kind: KindGUID, Means: "shared by all parts of a long message",
				Since: "MSNP9",
			},
			{
				Name: "Chunks", In: InHeader, Kind: KindNumber, Means: "how many parts there are; this is the first",
				Since: "MSNP9",
			},
			{
				Name: "Chunk", In: InHeader, Kind: KindNumber,
				Means: "which part this is; the first has no number, the next is 1", Since: "MSNP9",
			},
			{Name: "User-Agent", In: InHeader, Means: "the program that sent it"},
			{Name: "P4-Context", In: InHeader, Means: "the name to show for the sender in this message alone"},
			{
				Name: "Roster", In: InHeader, Kind: KindAddress, Refers: true,
				Means: "session and address of the switchboard; clients follow it only in a message that the " +
					"server sends in its own name",
			},
			{Name: "X-MMS-IM-Format", In: InHeader, Kind: KindStyle, Means: "style of the text", Since: "MSNP3"},
		},
	}, title: quote},

	{TypeInfo: TypeInfo{
		Type: "text/plain", Name: "text",
		Means: "a message that a person wrote; without a charset, in the code page of the sender",
		From:  FromPeer, Since: "MSNP2",
	}, title: quote},
	{TypeInfo: TypeInfo{
		Type: typingType, Name: "typing", Means: "the sender is typing; repeated every five seconds", From: FromPeer,
		Since: "MSNP2",
		Fields: []FieldInfo{
			{Name: "TypingUser", In: InHeader, Kind: KindHandle, Means: "who is typing"},
			{
				Name: "RecordingUser", In: InHeader, Kind: KindHandle, Means: "who is recording a voice clip",
				Since: "MSNP9",
			},
		},
	}, title: controlTitle},
	{TypeInfo: TypeInfo{
		Type: "text/x-msmsgsinvite", Name: "invitation",
		Means: "steps of an invitation to a file transfer, to voice or to another program",
		From:  FromPeer, Since: "MSNP5", Fields: inviteFields,
	}, title: inviteTitle},
	{TypeInfo: TypeInfo{
		Type: "text/x-msnmsgr-datacast", Name: "datacast", Means: "a small action, such as a nudge",
		From: FromPeer, Since: "MSNP9",
		Fields: []FieldInfo{
			{Name: "ID", In: InData, Kind: KindNumber, Means: "which action", Values: []Value{
				{"1", "nudge"}, {"2", "wink"}, {"3", "voice clip"}, {"4", "action text"},
			}},
			{Name: "Data", In: InData, Means: "the text of an action, or the object of a wink or a voice clip"},
		},
	}, title: datacastTitle},
	{TypeInfo: TypeInfo{
		Type: "text/x-mms-emoticon", Also: []string{"text/x-mms-animemoticon"}, Name: "emoticon",
		Means: "pictures that replace shortcuts in the next message", From: FromPeer, Since: "MSNP9",
		Fields: []FieldInfo{
			{Name: "Emoticon", In: InBinary, Means: "shortcut, replaced by the picture that follows"},
			{Name: "Emoticon.object", In: InBinary, Kind: KindObject, Means: "picture to fetch"},
		},
	}, title: emoticonTitle, data: emoticonItems},
	{TypeInfo: TypeInfo{
		Type: "application/x-ms-ink", Name: "ink", Means: "handwriting, as strokes", From: FromPeer, Since: "MSNP9",
		Fields: []FieldInfo{{Name: "Data", In: InBinary, Means: "the strokes"}},
	}, title: pictureTitle, data: pictureItems},
	{TypeInfo: TypeInfo{
		Type: "image/gif", Name: "picture", Means: "handwriting, as a picture", From: FromPeer, Since: "MSNP9",
		Fields: []FieldInfo{{Name: "Data", In: InBinary, Means: "the picture"}},
	}, title: pictureTitle, data: pictureItems},
	{TypeInfo: TypeInfo{
		Type: p2pType, Name: "P2P",
		Means: "a piece of what two clients exchange: pictures, files, webcam",
		From:  FromPeer, Since: "MSNP9", Fields: p2pFields,
	}, title: p2pTitle, data: p2pItems},

	{TypeInfo: TypeInfo{
		Type: "text/x-msmsgsprofile", Name: "profile",
		Means: "information about the account, sent after the login; it has no data",
		From:  FromServer, Since: "MSNP2", Fields: profileFields,
	}},
	{TypeInfo: TypeInfo{
		Type: "application/x-msmsgsemailnotification", Name: "mail notice", Means: "mail, under its old name",
		From: FromServer, Since: "MSNP2", Until: "MSNP2",
		Fields: append(mailboxFields[:len(mailboxFields):len(mailboxFields)], mailFields...),
	}, title: mailTitle},
	{TypeInfo: TypeInfo{
		Type: "text/x-msmsgsinitialemailnotification", Name: "mailbox", Means: "what is in the mailbox at login",
		From: FromServer, Since: "MSNP3", Until: "MSNP10", Fields: mailboxFields,
	}, title: mailTitle},
	{TypeInfo: TypeInfo{
		Type: "text/x-msmsgsemailnotification", Name: "new mail", Means: "a mail came", From: FromServer,
		Since: "MSNP3", Fields: mailFields,
	}, title: mailTitle},
	{TypeInfo: TypeInfo{
		Type: "text/x-msmsgsactivemailnotification", Name: "mail moved", Means: "mail was read, moved or deleted",
		From: FromServer, Since: "MSNP3",
		Fields: []FieldInfo{
			{Name: "Src-Folder", In: InData, Means: "where it was", Values: folders},
			{Name: "Dest-Folder", In: InData, Means: "where it is now", Values: folders},
			{Name: "Message-Delta", In: InData, Kind: KindNumber, Means: "how many mails"},
		},
	}, title: mailTitle},
	{TypeInfo: TypeInfo{
		Type: "text/x-msmsgsinitialmdatanotification", Name: "mailbox",
		Means: "what is in the mailbox at login, with offline messages",
		From:  FromServer, Since: "MSNP11", Fields: mailDataFields,
	}, title: mailTitle},
	{TypeInfo: TypeInfo{
		Type: "text/x-msmsgsoimnotification", Name: "offline message",
		Means: "a message came while its reader was away",
		From:  FromServer, Since: "MSNP11", Fields: mailDataFields,
	}},
	{TypeInfo: TypeInfo{
		Type: "application/x-msmsgssystemmessage", Also: []string{"text/x-msmsgssystemmessage"}, Name: "system message",
		Means: "an announcement of the server to everybody", From: FromServer, Since: "MSNP2",
		Fields: []FieldInfo{
			{
				Name: "Type", In: InData, Kind: KindNumber, Means: "the subject",
				Values: []Value{{"1", "the server stops in Arg1 minutes"}},
			},
			{Name: "Arg1", In: InData, Means: "depends on the type; of type 1, minutes"},
		},
	}, title: systemTitle},

	{TypeInfo: TypeInfo{
		Type: "text/x-clientcaps", Name: "client capabilities", Means: "name and features of a third-party client",
		From: FromPeer, Since: "MSNP5",
		Fields: []FieldInfo{
			{Name: "Client-Name", In: InData, Means: "the program and its version"},
			{Name: "Chat-Logging", In: InData, Means: "whether it logs conversations"},
		},
	}, title: capsTitle},
	{TypeInfo: TypeInfo{
		Type: "text/x-clientinfo", Name: "client info", Means: "data exchanged among third-party clients",
		From: FromPeer, Since: "MSNP5",
	}},
	{TypeInfo: TypeInfo{
		Type: "text/x-keepalive", Name: "keep-alive",
		Means: "nothing: a third-party client keeps the conversation open", From: FromPeer, Since: "MSNP5",
	}},
	{TypeInfo: TypeInfo{
		Type: "text/html", Name: "HTML", Means: "a message as a web page; rare", From: FromPeer,
		Since: "MSNP5",
	}},
	{TypeInfo: TypeInfo{
		Type: "text/search-query", Name: "search query", Means: "a search that was shared; rare",
		From: FromPeer, Since: "MSNP9",
	}},
}
