package odata

import (
	"strings"
	"unicode/utf8"

	"leasehold/pkg/entitlement"
)

type tokenKind uint8

const (
	endToken    tokenKind = iota
	wordToken             // a name, an operator, or a bare literal
	textToken             // a quoted string, without its quotes
	symbolToken           // ( ) , / :
)

type token struct {
	kind tokenKind
	text string
	at   int // byte in the filter
}

// is reports that t is the word or symbol, in any case.
func (t token) is(text string) bool {
	return (t.kind == wordToken || t.kind == symbolToken) && strings.EqualFold(t.text, text)
}

// lex splits a filter into tokens; the last one is an endToken.
func lex(s string) ([]token, error) {
	var tokens []token
	for at := 0; at < len(s); {
		c := s[at]
		switch {
		case c == ' ' || c == '\t':
			at++
		case strings.IndexByte("(),/:", c) >= 0:
			tokens = append(tokens, token{symbolToken, string(c), at})
			at++
		case c == '\'':
			text, end := quoted(s, at)
			if end < 0 {
				return nil, misread(s, at, "the quoted text has no end")
			}
			tokens = append(tokens, token{textToken, text, at})
			at = end
		default:
			end := wordEnd(s, at)
			if end == at {
				return nil, misread(s, at, "this character means nothing here")
			}
			tokens = append(tokens, token{wordToken, s[at:end], at})
			at = end
		}
	}

	return append(tokens, token{endToken, "", len(s)}), nil
}

// quoted returns the text that begins with the quote at start, doubled quotes made
// one, and where it ends, or -1.
func quoted(s string, start int) (string, int) {
	var b strings.Builder
	for at := start + 1; at < len(s); at++ {
		if s[at] != '\'' {
			b.WriteByte(s[at])
			continue
		}

		// Two quotes stand for one; a single one ends the text.
		if at+1 < len(s) && s[at+1] == '\'' {
			b.WriteByte('\'')
			at++
			continue
		}

		return b.String(), at + 1
	}

	return "", -1
}

// wordEnd returns the end of the word at start. Times hold colons, names do not: there
// a colon ends the variable of a lambda.
func wordEnd(s string, start int) int {
	time := s[start] >= '0' && s[start] <= '9'
	for at := start; at < len(s); at++ {
		c := s[at]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_.@$+-", c) >= 0
		if !letter && !(time && c == ':') {
			return at
		}
	}
	return len(s)
}

// misread refuses a filter and quotes the place where it stops making sense.
func misread(s string, at int, why string) error {
	rest := s[min(at, len(s)):]
	if len(rest) > 24 {
		rest = rest[:24]
		for !utf8.ValidString(rest) && rest != "" {
			rest = rest[:len(rest)-1]
		}
	}
	if rest == "" {
		rest = "its end"
	} else {
		rest = "\"" + rest + "\""
	}
	return entitlement.Errorf(entitlement.Invalid, "$filter cannot be read at character %d, %s: %s.", utf8.RuneCountInString(s[:min(at, len(s))])+1, rest, why)
}
