package entitlement

import "strings"

// The ids of the product. All are UUIDs in canonical lower-case text; each kind
// of object has its own type so that a swapped argument does not compile.
type (
	CatalogID    string
	ResourceID   string
	PackageID    string
	PolicyID     string
	RequestID    string
	AssignmentID string // equals the id of the request that created the assignment
	UserID       string
	GroupID      string
	ConnectorID  string
)

// BuiltinConnector is the connector of the built-in directory. It is always registered.
const BuiltinConnector ConnectorID = "00000000-0000-0000-0000-00000000b017"

// AdministratorsGroup is the group whose members are administrators.
const AdministratorsGroup GroupID = "00000000-0000-0000-0000-0000000ad317"

// ParseID reads a UUID in any case and returns it in canonical form. Anything
// else is Invalid; what names the member or path segment in the message.
func ParseID[T ~string](what, s string) (T, error) {
	if !isUUID(s) {
		return "", Errorf(Invalid, "%s must be a UUID such as 1b4e28ba-2fa1-11d2-883f-0016d3cca427.", what)
	}
	return T(strings.ToLower(s)), nil
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}

	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
				return false
			}
		}
	}

	return true
}
