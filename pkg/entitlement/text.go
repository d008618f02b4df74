package entitlement

import (
	"slices"
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

// Text that people write and others decide by must look like what it is (A9). What is
// refused: the characters that show nothing or turn the direction of what follows
// (Unicode's Default_Ignorable_Code_Point, marks of interlinear annotation), control
// characters, line and paragraph separators, and code points that are not assigned in the
// Unicode of the Go release that this is built with, so an emoji that is younger as well.
//
// What stays: line ends and tabs in texts of several lines; the joiner and the variation
// selector within emoji; the joiners where the letters around them call for one, by the
// rules of RFC 5892, appendix A.1 and A.2, as Persian, Hindi or Sinhala do. The marks
// U+200E and U+200F, which come along when right-to-left text is copied, are taken out.
//
// What is not covered: letters that look alike (a Cyrillic а, a Greek ο), spaces and blanks
// that look alike (U+00A0, U+2800), private use characters, piles of combining marks, and
// the same text in composed and decomposed form. Flags of regions that are spelt with tags,
// and variants of ideographs (U+E0100 and on), are refused as the invisible characters that
// they are made of.

// Name checks a required one-line text and returns it without surrounding space.
func Name(what, s string) (string, error) {
	s = strings.TrimSpace(withoutMarks(s))
	if s == "" {
		return "", Errorf(Invalid, "%s must not be empty.", what)
	}
	return s, checkText(what, s, MaxName, false)
}

// FeedName is Name for what another system calls a person or a thing: it is cleaned and
// kept, since whoever reads the answer could not change it there.
func FeedName(what, s string) (string, error) {
	if len(s) > 4*MaxName*utf8.UTFMax {
		return "", tooLong(what, MaxName)
	}
	return Name(what, CleanName(s))
}

// CleanName returns a text in one line without the characters that Name refuses.
func CleanName(s string) string { return clean(s, false) }

// CleanDescription returns a text without the characters that Description refuses.
func CleanDescription(s string) string { return clean(s, true) }

func clean(s string, lines bool) string {
	space := func(r rune) rune {
		if unicode.IsSpace(r) && !(lines && strings.ContainsRune("\t\n\r", r)) {
			return ' '
		}
		return r
	}

	text := []rune(strings.Map(space, strings.ToValidUTF8(withoutMarks(s), "\uFFFD")))
	for {
		var kept []rune
		for i, r := range text {
			if allowed(text, i, lines) {
				kept = append(kept, r)
			}
		}

		if len(kept) == len(text) {
			return strings.TrimSpace(string(kept))
		}
		text = kept // what has lost its neighbour is looked at again
	}
}

// Description checks an optional text of several lines.
func Description(what, s string) (string, error) {
	s = withoutMarks(s)
	return s, checkText(what, s, MaxDescription, true)
}

// Justification checks the reason a person gives.
func Justification(s string) (string, error) {
	s = strings.TrimSpace(withoutMarks(s))
	return s, checkText("justification", s, MaxReason, true)
}

// Exact checks an address or a name that is compared as it is: it is refused where Name
// would change it, or refuse it for what it holds. Its length is the caller's to bound.
func Exact(what, s string) error {
	if err := checkText(what, s, len(s), false); err != nil {
		return err
	}
	if withoutMarks(s) != s || strings.TrimSpace(s) != s {
		return Errorf(Invalid, "%s must not begin or end with a space, nor contain marks of direction.", what)
	}
	return nil
}

var marks = strings.NewReplacer("\u200E", "", "\u200F", "")

// withoutMarks takes out the marks of direction that come along when text is copied.
func withoutMarks(s string) string { return marks.Replace(s) }

func checkText(what, s string, limit int, lines bool) error {
	if len(s) > limit*utf8.UTFMax || utf8.RuneCountInString(s) > limit {
		return tooLong(what, limit)
	}

	if !utf8.ValidString(s) {
		return Errorf(Invalid, "%s must be valid UTF-8.", what)
	}

	text := []rune(s)
	for i, r := range text {
		if !allowed(text, i, lines) {
			return Errorf(Invalid, "%s must not contain U+%04X, %s.", what, r, whyNot(r))
		}

	}
	return nil
}

func tooLong(what string, limit int) error {
	return Errorf(Invalid, "%s must be at most %d characters long.", what, limit)
}

// whyNot says of a character that is refused what it is.
func whyNot(r rune) string {
	switch {
	case r == '\n' || r == '\r' || unicode.In(r, unicode.Zl, unicode.Zp):
		return "a line end"
	case unicode.IsControl(r):
		return "a control character"
	case !assigned(r):
		return "which is no character"
	default:
		return "which shows nothing or changes how the text is read"
	}
}

// Characters whose neighbours decide.
const (
	nonJoiner  = '\u200C'
	joiner     = '\u200D'
	emojiStyle = '\uFE0F' // the variation selector that asks for an emoji
	keycap     = '\u20E3'
)

// allowed reports that the character at i may stand where it stands.
func allowed(text []rune, i int, lines bool) bool {
	switch r := text[i]; {
	case r == '\n' || r == '\t':
		return lines
	case r == '\r':
		return lines && i+1 < len(text) && text[i+1] == '\n'
	case r == nonJoiner:
		return follows(text, i, viramas) || betweenJoining(text, i)
	case r == joiner:
		return follows(text, i, viramas) || withinEmoji(text, i)
	case r == emojiStyle:
		return follows(text, i, pictographs) || withinKeycap(text, i)
	default:
		return assigned(r) && !unicode.IsControl(r) && !unicode.In(r, unicode.Zl, unicode.Zp) && !invisible(r)
	}
}

// assigned reports a code point that is a character.
func assigned(r rune) bool {
	return !unicode.Is(unicode.Cn, r)
}

// invisible reports Default_Ignorable_Code_Point as Unicode derives it, and the marks of
// interlinear annotation, which show nothing either.
func invisible(r rune) bool {
	switch {
	case unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return true
	case 0x13430 <= r && r <= 0x1343F || unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return false // they arrange hieroglyphs, or embrace the digits after them
	default:
		return unicode.Is(unicode.Cf, r)
	}
}

// follows reports that the character before i is in the table.
func follows(text []rune, i int, table runes) bool { return i > 0 && table.has(text[i-1]) }

// betweenJoining is the rule for letters that would join without a non-joiner between them.
func betweenJoining(text []rune, i int) bool {
	before, after := i-1, i+1
	for before >= 0 && transparent(text[before]) {
		before--
	}
	for after < len(text) && transparent(text[after]) {
		after++
	}
	return before >= 0 && joinsNext.has(text[before]) && after < len(text) && joinsPrevious.has(text[after])
}

// transparent reports marks that letters join across.
func transparent(r rune) bool { return unicode.In(r, unicode.Mn, unicode.Me) && !invisible(r) }

// withinEmoji reports a joiner between two pictographs; the first may have a style or a
// colour of skin.
func withinEmoji(text []rune, i int) bool {
	before := i - 1
	if before > 0 && (text[before] == emojiStyle || 0x1F3FB <= text[before] && text[before] <= 0x1F3FF) {
		before--
	}
	return before >= 0 && pictographs.has(text[before]) && i+1 < len(text) && pictographs.has(text[i+1])
}

// withinKeycap reports a style between a key's sign and its frame.
func withinKeycap(text []rune, i int) bool {
	return i > 0 && strings.ContainsRune("0123456789#*", text[i-1]) && i+1 < len(text) && text[i+1] == keycap
}

// runes is a set of characters as ranges in order, each from its first to its last.
type runes [][2]rune

func (t runes) has(r rune) bool {
	_, is := slices.BinarySearchFunc(t, r, func(span [2]rune, r rune) int {
		switch {
		case span[1] < r:
			return -1
		case span[0] > r:
			return 1
		default:
			return 0
		}
	})
	return is
}

// Clip shortens what somebody sent to so many bytes of whole characters, before it is said
// back to them.
func Clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
