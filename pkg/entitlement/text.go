package entitlement

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of free text, in characters.
const (
	MaxName        = 256
	MaxDescription = 2048
	MaxReason      = 1024 // justifications of requestors and reviewers
)

// Name checks a required one-line text and returns it without surrounding space.
func Name(what, s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", Errorf(Invalid, "%s must not be empty.", what)
	}
	return s, checkText(what, s, MaxName, false)
}

// Description checks an optional text of several lines.
func Description(what, s string) (string, error) {
	return s, checkText(what, s, MaxDescription, true)
}

// Justification checks the reason a person gives.
func Justification(s string) (string, error) {
	s = strings.TrimSpace(s)
	return s, checkText("justification", s, MaxReason, true)
}

// checkText refuses what no person types on purpose: broken UTF-8, control
// characters, and the invisible marks that make one text look like another.
func checkText(what, s string, limit int, lines bool) error {
	if len(s) > limit*utf8.UTFMax || utf8.RuneCountInString(s) > limit {
		return Errorf(Invalid, "%s must be at most %d characters long.", what, limit)
	}
	if !utf8.ValidString(s) {
		return Errorf(Invalid, "%s must be valid UTF-8.", what)
	}
	for _, r := range s {
		if lines && (r == '\n' || r == '\t' || r == '\r') {
			continue
		}
		if unicode.IsControl(r) || isBidiControl(r) {
			return Errorf(Invalid, "%s must not contain the control character U+%04X.", what, r)
		}
	}
	return nil
}

// isBidiControl reports the marks that reorder text on the screen.
func isBidiControl(r rune) bool {
	return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}
