package engine

import "strings"

// kind is what a token of an expression is.
type kind byte

const (
	end    kind = iota
	word        // an attribute, a function or a keyword
	name        // a placeholder of an attribute
	bound       // a placeholder of a value
	symbol      // a comparator or punctuation
)

type token struct {
	kind kind
	text string
}

// Marks of placeholders, in the order of their kinds.
const marks = "#:"

// symbols are all there are, the longer ones first.
var symbols = []string{"<>", "<=", ">=", "<", ">", "=", "(", ")", ",", "+", "-", ".", "[", "]"}

// next moves on to the next token.
func (p *parser) next() {
	rest := strings.TrimLeft(p.rest, " \t\r\n")
	if rest == "" {
		p.token, p.rest = token{}, ""
		return
	}

	if at := strings.IndexByte(marks, rest[0]); at >= 0 {
		n := 1 + wordLength(rest[1:])
		if n == 1 {
			p.syntax(rest)
		}
		p.token, p.rest = token{name + kind(at), rest[:n]}, rest[n:]
		return
	}

	if isLetter(rest[0]) {
		n := wordLength(rest)
		p.token, p.rest = token{word, rest[:n]}, rest[n:]
		return
	}
	// Longer symbols stand before those that they begin with.
	for _, s := range symbols {
		if strings.HasPrefix(rest, s) {
			p.token, p.rest = token{symbol, s}, rest[len(s):]
			return
		}
	}

	p.syntax(rest)
}

// wordLength returns how many letters, digits and underscores begin a text.
func wordLength(s string) int {
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && (c < '0' || c > '9') && c != '_' {
			return i
		}
	}
	return len(s)
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// keyword reports that the token is a keyword, in any case.
func (p *parser) keyword(k string) bool {
	return p.token.kind == word && strings.EqualFold(p.token.text, k)
}

// take moves past a keyword or a symbol, if it is the next token.
func (p *parser) take(s string) bool {
	if p.token.kind == symbol && p.token.text == s || p.keyword(s) {
		p.next()
		return true
	}
	return false
}

// expect moves past a symbol that must be there.
func (p *parser) expect(s string) {
	if !p.take(s) {
		p.syntax(p.token.text)
	}
}
