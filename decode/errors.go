package decode

import "slices"

// ErrorName returns the name of an error code (§7.11): the draft's or, for a code that only later
// servers send, the name in common use. It returns "" for an unknown code, and for one without a
// name.
func ErrorName(code int) string { return lookupError(code).name }

// ErrorMeaning returns one line that says when servers send the code. It returns "" for an unknown
// code.
func ErrorMeaning(code int) string { return lookupError(code).means }

// ErrorInDraft reports whether the draft defines the code (§7.11).
func ErrorInDraft(code int) bool { return lookupError(code).draft }

// ErrorCodes returns all known codes in ascending order. The caller owns the slice.
func ErrorCodes() []int {
	codes := make([]int, len(errorCodes))
	for i := range errorCodes {
		codes[i] = errorCodes[i].code
	}
	return codes
}

type errorCode struct {
	code  int
	draft bool
	name  string
	means string
}

func lookupError(code int) errorCode {
	i, ok := slices.BinarySearchFunc(errorCodes, code, func(e errorCode, code int) int { return e.code - code })
	if !ok {
		return errorCode{}
	}
	return errorCodes[i]
}

// errorCodes is sorted by code. Where the draft gives only a name and no occurrence is documented,
// the meaning paraphrases the name.
var errorCodes = []errorCode{
	{200, true, "ERR_SYNTAX_ERROR", "the server could not parse the line"},
	{
		201, true, "ERR_INVALID_PARAMETER",
		"an argument has a value that the server does not accept, such as a handle like a@b in ADD",
	},
	{203, false, "INVALID_FEDERATED_USER", "the user of another network is not valid here (MSNP13 and later)"},
	{204, false, "UNROUTABLE_USER", "no network with that number is known for the contact (MSNP13 and later)"},
	{205, true, "ERR_INVALID_USER", "the handle looks right, but no account has it"},
	{206, true, "ERR_FQDN_MISSING", "the handle lacks its domain, the part after the @"},
	{207, true, "ERR_ALREADY_LOGIN", "a second logon on a connection that is logged on"},
	{208, true, "ERR_INVALID_USERNAME", "the handle is not a valid one; from MSNP10 on also: no account has it"},
	{
		209, true, "ERR_INVALID_FRIENDLY_NAME",
		"the name was refused: too long, a forbidden word, or an account whose address is not confirmed",
	},
	{210, true, "ERR_LIST_FULL", "the list has no room for another entry"},
	{211, false, "", "sent to MSNP2 clients; nobody knows what it means"},
	{212, false, "UNEXPECTED", "sent by some servers; nobody knows when"},
	{213, false, "INVALID_RENAME", "the new name is not acceptable"},
	{
		215, true, "ERR_ALREADY_THERE",
		"the user is on that list already; after CAL: is in the session, was invited to it, or is the caller",
	},
	{
		216, true, "ERR_NOT_ON_LIST",
		"the user is not on that list and cannot be removed; after CAL, from old servers: the user blocks the caller",
	},
	{
		217, false, "PRINCIPAL_NOT_ONLINE",
		"the invited user is offline, hidden, unknown, or not accepting invitations",
	},
	{218, true, "ERR_ALREADY_IN_THE_MODE", "GTC or BLP asked for the value that was already set"},
	{219, true, "ERR_ALREADY_IN_OPPOSITE_LIST", "a user cannot be on the allow list and the block list at once"},
	{220, false, "NOT_ACCEPTING_PAGES", "the telephone does not accept pages"},
	{223, false, "TOO_MANY_GROUPS", "no further contact group is allowed (MSNP7 and later)"},
	{224, false, "INVALID_GROUP", "there is no such contact group (MSNP7 and later)"},
	{225, false, "PRINCIPAL_NOT_IN_GROUP", "the contact is not in that group (MSNP7 and later)"},
	{227, false, "GROUP_NOT_EMPTY", "the group still has contacts (MSNP7 and later)"},
	{228, false, "GROUP_NAME_EXISTS", "another group has that name (MSNP7 and later)"},
	{229, false, "GROUP_NAME_TOO_LONG", "the name of the group has too many characters (MSNP7 and later)"},
	{230, false, "CANNOT_REMOVE_GROUP_ZERO", "the first group, number 0, always stays (MSNP7 and later)"},
	{231, false, "ADD_TO_MISSING_GROUP", "a contact was to be added to a group that does not exist"},
	{232, false, "INVALID_MSISDN", "this is not a telephone number (MSNP13 and later)"},
	{233, false, "UNKNOWN_MSISDN", "nobody has that telephone number (MSNP13 and later)"},
	{234, false, "UNKNOWN_KEITAI_DOMAIN", "the mail domain of that telephone is not known (MSNP13 and later)"},
	{240, false, "EMPTY_DOMAIN_ELEMENT", "ADL or RML named a domain with no contact in it (MSNP13 and later)"},
	{241, false, "INVALID_MEMBERSHIP_XML", "ADL or RML had a list number that is not allowed (MSNP13 and later)"},
	{280, true, "ERR_SWITCHBOARD_FAILED", "no switchboard is available, or the invitation could not be delivered"},
	{281, true, "ERR_NOTIFY_XFR_FAILED", "the referral to another notification server failed"},
	{
		282, false, "UNKNOWN_P2P_APP",
		"a MSG with acknowledgement D had a body that the server does not accept (MSNP9 and later)",
	},
	{283, false, "UNKNOWN_UUN_APP", "the kind of a notification between users is not known (MSNP13 and later)"},
	{285, false, "MESSAGE_TOO_LONG", "the message is longer than the server forwards"},
	{290, false, "SMS_JUST_OUT_OF_FUNDS", "that text message used up the balance"},
	{300, true, "ERR_REQUIRED_FIELDS_MISSING", "the command has fewer arguments than it needs"},
	{301, false, "TOO_MANY_FND_HITS", "the directory search found more entries than it may list"},
	{302, true, "ERR_NOT_LOGGED_IN", "the command requires a logon; real servers mostly close the connection instead"},
	{400, false, "ABCH_READ_ONLY", "the address book can only be read at present (MSNP10 and later)"},
	{402, false, "ABCH_TOO_BUSY", "the address book is overloaded (MSNP10 and later)"},
	{403, false, "ABCH_UNAVAILABLE", "the address book cannot be reached (MSNP10 and later)"},
	{413, false, "SMS_SUBSCRIPTION_REQUIRED", "text messages need a subscription"},
	{414, false, "SMS_SUBSCRIPTION_DISABLED", "the subscription for text messages is switched off"},
	{415, false, "SMS_OUT_OF_FUNDS", "the balance for text messages is used up"},
	{416, false, "SMS_DISABLED_MARKET", "text messages are switched off in that country"},
	{417, false, "SMS_DISABLED_GLOBAL", "text messages are switched off everywhere"},
	{418, false, "TRY_AGAIN_LATER", "not now: the client should try again later"},
	{419, false, "NO_MARKET_SPECIFIED", "the account names no country"},
	{420, false, "INVITE_REQUIRED", "the client is a trial version that requires an invitation"},
	{500, true, "ERR_INTERNAL_SERVER", "the server had an internal error"},
	{501, true, "ERR_DB_SERVER", "the server's database failed"},
	{502, false, "COMMAND_DISABLED", "the command was switched off, as FND was in July 2003 and SYN from MSNP13 on"},
	{503, false, "FAIL", "the request failed, such as SND with invalid arguments"},
	{504, false, "UPS_DOWN", "the store of user properties is down"},
	{505, false, "SCS_UNAVAILABLE", "a service behind the server cannot be reached"},
	{508, false, "FEDERATED_PARTNER_ERROR", "the other network answered with an error (MSNP13 and later)"},
	{509, false, "PAGE_MODE_MESSAGE_ERROR", "a message outside a session could not be handled (MSNP13 and later)"},
	{510, true, "ERR_FILE_OPERATION", "the server could not read or write a file"},
	{511, false, "DETAILED_ERROR", "an error whose details follow"},
	{520, true, "ERR_MEMORY_ALLOC", "the server ran out of memory"},
	{540, false, "CHALLENGE_RESPONSE_FAILED", "the answer to CHL was wrong; the server closes (MSNP6 and later)"},
	{550, false, "SMS_ACCOUNT_MUTED", "the account for text messages is muted"},
	{551, false, "SMS_ACCOUNT_DISABLED", "the account for text messages is switched off"},
	{552, false, "SMS_ACCOUNT_MAXED", "the account sent as many text messages as it may"},
	{580, false, "SMS_INTERNAL_ERROR", "the service for text messages had an internal error"},
	{590, false, "SMS_CARRIER_INVALID", "there is no such telephone company"},
	{591, false, "SMS_CARRIER_NO_ROUTE", "the telephone company cannot be reached from here"},
	{592, false, "SMS_CARRIER_ERRORED", "the telephone company answered with an error"},
	{593, false, "SMS_ADDRESS_MAPPING_FULL", "no room to remember another telephone number"},
	{594, false, "SMS_INCORRECT_SOURCE_COUNTRY", "text messages cannot be sent there from the sender's country"},
	{595, false, "SMS_MOBILE_CACHE_FULL", "the buffer for text messages is full"},
	{596, false, "SMS_INCORRECT_FORMAT", "the text message is malformed"},
	{597, false, "SMS_INVALID_TEXT", "the text message has characters that cannot be sent"},
	{598, false, "SMS_MESSAGE_TOO_LONG", "the text message is too long"},
	{600, true, "ERR_SERVER_BUSY", "the server is overloaded"},
	{601, true, "ERR_SERVER_UNAVAILABLE", "the service is unavailable at present"},
	{602, true, "ERR_PEER_NS_DOWN", "the notification server of the other user is down"},
	{603, true, "ERR_DB_CONNECT", "the server cannot reach its database"},
	{604, true, "ERR_SERVER_GOING_DOWN", "the server is about to stop"},
	{605, false, "SERVER_UNAVAILABLE", "the server is unavailable at present"},
	{606, false, "PAGING_UNAVAILABLE", "pages to telephones cannot be sent at present (MSNP5 and later)"},
	{700, false, "COULD_NOT_CREATE_CONNECTION", "the server could not reach another server behind it"},
	{707, true, "ERR_CREATE_CONNECTION", "the server could not open a connection that it needs"},
	{710, false, "BAD_CVR_PARAMETERS", "CVR has invalid arguments (MSNP8 and later)"},
	{711, true, "ERR_BLOCKING_WRITE", "the server could not send without blocking"},
	{712, true, "ERR_SESSION_OVERLOAD", "the session is overloaded"},
	{713, true, "ERR_USER_TOO_ACTIVE", "the user sent too many commands in a short time, such as CAL"},
	{714, true, "ERR_TOO_MANY_SESSIONS", "the user is in more sessions than are allowed"},
	{715, true, "ERR_NOT_EXPECTED", "the command came at the wrong moment, such as a second VER"},
	{717, true, "ERR_BAD_FRIEND_FILE", "the stored contact list is damaged"},
	{718, false, "USER_RESTRICTED", "the account is not allowed to do that"},
	{719, false, "SESSION_FEDERATED", "the session belongs to another network"},
	{726, false, "USER_FEDERATED", "the user belongs to another network"},
	{729, false, "SERVER_TOO_BUSY", "the server is overloaded"},
	{731, false, "NOT_EXPECTED_CVR", "CVR came at the wrong moment: it belongs before USR (MSNP8 and later)"},
	{733, false, "ROAMING_LOGOFF", "logged off because the user is logged on in another place"},
	{734, false, "TOO_MANY_ENDPOINTS", "the user is logged on in too many places (MSNP16 and later)"},
	{800, false, "RATE_LIMIT_EXCEEDED", "too many changes in a short time, such as of the name"},
	{801, false, "SDG_NOT_DELIVERED", "a message was not delivered; it comes back as the payload (MSNP21)"},
	{910, false, "SERVER_TOO_BUSY", "logon: the server is overloaded"},
	{911, true, "ERR_AUTHENTICATION_FAILED", "wrong password; at a switchboard: wrong cookie"},
	{912, false, "SERVER_TOO_BUSY", "logon: the server is overloaded"},
	{913, true, "ERR_NOT_ALLOWED_WHEN_OFFLINE", "not allowed while the user's state is FLN or HDN, such as XFR SB"},
	{914, false, "SERVER_UNAVAILABLE", "logon: the server is unavailable at present"},
	{915, false, "SERVER_UNAVAILABLE", "logon: the server is unavailable at present (MSNP6 and later)"},
	{916, false, "SERVER_UNAVAILABLE", "logon: the server is unavailable at present (MSNP6 and later)"},
	{917, false, "INVALID_DOMAIN", "logon: accounts of that domain are not served"},
	{918, false, "SERVER_ERROR", "logon: the server failed"},
	{919, false, "SERVER_ERROR", "logon: the server failed"},
	{920, true, "ERR_NOT_ACCEPTING_NEW_USERS", "the server accepts no further users"},
	{921, false, "TIMED_OUT_OR_BUSY", "logon: it took too long, or the server is overloaded"},
	{922, false, "SERVER_TOO_BUSY", "logon: the server is overloaded"},
	{923, false, "CHILD_WITHOUT_CONSENT", "the account of a child lacks its parents' consent (MSNP4 and later)"},
	{924, false, "ACCOUNT_NOT_VERIFIED", "the account's mail address is not confirmed yet (MSNP5 and later)"},
	{926, false, "MANAGED_USER_WRONG_CLIENT", "the account may only be used with certain clients"},
	{927, false, "ACCOUNT_DENIED_OR_SUSPENDED", "the account is locked"},
	{928, false, "BAD_TICKET_OR_PASSWORD", "the logon ticket is not valid (MSNP8 and later)"},
	{929, false, "CHALLENGE_FAILED_MCAA", "a further check of the account failed"},
	{930, false, "FEDERATED_DOMAIN", "the domain of the handle belongs to another network"},
	{931, false, "WRONG_SERVER_FOR_ACCOUNT", "the account belongs on another server (MSNP8 and later)"},
	{933, false, "INVALID_CIRCLE_MEMBERSHIP", "the membership of a circle is not valid (MSNP18 and later)"},
	{934, false, "FSS_USER_NO_ACCESS", "the user is not allowed to use that service"},
	{935, false, "INVALID_SIGNATURE", "a signature is not valid (MSNP18 and later)"},
}
