package body

import (
	"bytes"
	"strconv"
	"strings"
)

// Invite is one step of an invitation: a payload of text/x-msmsgsinvite. Its fields are what a user
// says about a file, an address or a program, and may be wrong. Clients write them in any order.
type Invite struct {
	// Command is INVITE, ACCEPT or CANCEL, in capitals. Cookie identifies the steps of one
	// invitation among those of one sender at one switchboard. GUID is what it is for, in capitals.
	Command, Cookie, GUID string
	// File is the name of the file that is offered. FileSize is its size in bytes, -1 if there is
	// none: that of the connection counts.
	File     string
	FileSize int64
	// IP and Port are where the other client is to connect, "" if the step does not say. AuthCookie
	// is what it must say there.
	IP, Internal, Port, AuthCookie string
	// SenderConnects reports whether the sender of the file is to connect, and the receiver
	// listens.
	SenderConnects bool
}

// inviteType is the content type of invitations.
const inviteType = "text/x-msmsgsinvite"

// maxInviteField is how many bytes of a field an Invite has, far more than names of files and
// cookies have. Steps of invitations are remembered, which must not keep their payloads.
const maxInviteField = 4 << 10

// ReadInvite returns the step of an invitation that the payload is, false if it is none. It is
// cheap for payloads that do not mention the content type in their first 512 bytes.
func ReadInvite(payload []byte) (Invite, bool) {
	if !MayInvite(payload) {
		return Invite{}, false
	}
	b := Parse(payload)
	return b.Invite()
}

// Invite returns the step of an invitation that the body is, false if it is none.
func (b *Body) Invite() (Invite, bool) {
	if b.Type != inviteType {
		return Invite{}, false
	}
	v := Invite{FileSize: -1}
	texts := map[string]*string{
		"invitation-command": &v.Command, "invitation-cookie": &v.Cookie, "application-guid": &v.GUID,
		"application-file": &v.File, "ip-address": &v.IP, "ip-address-internal": &v.Internal, "port": &v.Port,
		"authcookie": &v.AuthCookie,
	}
	for _, f := range b.Fields() {
		name, value := strings.ToLower(f.Name), strings.TrimSpace(f.Value)
		switch to := texts[name]; {
		case to != nil && *to == "":
			*to = strings.Clone(value[:min(len(value), maxInviteField)])
		case name == "application-filesize":
			if n, err := strconv.ParseInt(value, 10, 64); err == nil && n >= 0 {
				v.FileSize = n
			}
		case name == "sender-connect":
			v.SenderConnects = strings.EqualFold(value, "TRUE")
		}
	}
	v.Command, v.GUID = strings.ToUpper(v.Command), strings.ToUpper(v.GUID)
	return v, v.Command != "" && v.Cookie != ""
}

// OffersFile reports whether the step invites to a file transfer.
func (v *Invite) OffersFile() bool {
	return v.Command == "INVITE" && (v.GUID == strings.ToUpper(fileTransfer) || v.GUID == "" && v.File != "")
}

// Accepts reports whether the step says yes, or goes on.
func (v *Invite) Accepts() bool { return v.Command == "ACCEPT" }

// Cancels reports whether the step says no, or ends the invitation.
func (v *Invite) Cancels() bool { return v.Command == "CANCEL" }

// Listens reports whether the step says where its sender listens.
func (v *Invite) Listens() bool {
	return v.Accepts() && v.Port != "" && (v.IP != "" || v.Internal != "")
}

// Host returns where the sender of the step listens: the first of its addresses that is not empty.
func (v *Invite) Host() string {
	if v.IP != "" {
		return v.IP
	}
	return v.Internal
}

// MayInvite reports whether ReadInvite may find an invitation in the payload. It is cheap.
func MayInvite(payload []byte) bool { return mayHave(payload, inviteType) }

// directFields are what an MSNSLP message says, in a payload of application/x-msnmsgrp2p, if its
// sender offers to be connected to.
var directFields = [][]byte{
	[]byte("IPv4Internal-Addrs"), []byte("IPv4External-Addrs"), []byte("IPv6-Addrs"),
	[]byte("IPv4InternalAddrsAndPorts"), []byte("srddA-lanretnI4vPI"),
}

// OffersDirect reports whether the payload is a message of application/x-msnmsgrp2p in which a
// client says where it can be connected to, past all servers. It is cheap for other payloads.
func OffersDirect(payload []byte) bool {
	if !bytes.Contains(payload[:min(len(payload), 512)], []byte("x-msnmsgrp2p")) {
		return false
	}
	for _, f := range directFields {
		if bytes.Contains(payload, f) {
			return true
		}
	}
	return false
}
