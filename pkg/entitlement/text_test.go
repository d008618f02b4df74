package entitlement

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// ignorable is Default_Ignorable_Code_Point, as Unicode's file of derived properties
// lists it from version to version: a list of its own, not what the code derives.
var ignorable = [][2]rune{{0xAD, 0xAD}, {0x34F, 0x34F}, {0x61C, 0x61C}, {0x115F, 0x1160}, {0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x200B, 0x200F}, {0x202A, 0x202E},
	{0x2060, 0x206F}, {0x3164, 0x3164}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFF8}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}}

func isIgnorable(r rune) bool {
	for _, span := range ignorable {
		if span[0] <= r && r <= span[1] {
			return true
		}
	}
	return false
}

// treatment is what becomes of a character between two letters.
type treatment string

const (
	kept     treatment = "kept"
	stripped treatment = "stripped"
	refused  treatment = "refused"
)

// treatmentOf is the rule by class, for one line and for several.
func treatmentOf(r rune, lines bool) treatment {
	switch {
	case r == 0x200E || r == 0x200F:
		return stripped
	case r == '\n' || r == '\t':
		return map[bool]treatment{true: kept, false: refused}[lines]
	case isIgnorable(r), 0xFFF9 <= r && r <= 0xFFFB, unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Cn):
		return refused
	default:
		return kept
	}
}

func TestA9_EveryCharacterOfUnicodeIsKeptStrippedOrRefusedByItsClass(t *testing.T) {
	count := map[treatment]int{}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue // a surrogate, which no text can hold
		}
		text := "a" + string(r) + "b"
		after := map[treatment]string{kept: text, stripped: "ab"}
		for _, c := range []struct {
			what  string
			lines bool
			read  func() (string, error)
		}{
			{"a name", false, func() (string, error) { return Name("displayName", text) }},
			{"a description", true, func() (string, error) { return Description("description", text) }},
			{"a justification", true, func() (string, error) { return Justification(text) }},
		} {
			want := treatmentOf(r, c.lines)
			got, err := c.read()
			if (err != nil) != (want == refused) || err == nil && got != after[want] {
				t.Fatalf("U+%04X in %s: %q, %v, want %s", r, c.what, got, err, want)
			}
			if err != nil && (KindOf(err) != Invalid || !strings.Contains(MessageOf(err), fmt.Sprintf("U+%04X,", r))) {
				t.Fatalf("U+%04X in %s: %v does not name it", r, c.what, err)
			}
		}
		count[treatmentOf(r, false)]++

		clean := CleanName(text)
		if again, err := Name("displayName", clean); err != nil || again != clean || treatmentOf(r, false) == kept && !unicode.IsSpace(r) && clean != text {
			t.Fatalf("U+%04X in a name of a feed: %q, then %q, %v", r, clean, again, err)
		}
	}
	t.Logf("Unicode %s: %v", unicode.Version, count)
	for f, least := range map[treatment]int{kept: 280_000, stripped: 2, refused: 820_000} {
		if count[f] < least {
			t.Errorf("%s: only %d", f, count[f])
		}
	}
}

func TestA9_WhatShowsNothingStandsOnlyWhereItIsPartOfWriting(t *testing.T) {
	for name, text := range map[string]string{
		"a family":                     "👩\u200D👩\u200D👧",
		"a couple of colours":          "👩🏽\u200D🚀",
		"a rainbow flag":               "🏳\uFE0F\u200D🌈",
		"a heart":                      "❤\uFE0F",
		"a heart on fire":              "❤\uFE0F\u200D🔥",
		"a keycap":                     "1\uFE0F\u20E3",
		"a flag of two letters":        "🇨🇭",
		"Persian, joining letters":     "می\u200Cخواهم",
		"Persian, with a vowel":        "میِ\u200Cخواهم",
		"Hindi, without a ligature":    "क्\u200Cष",
		"Hindi, with half a letter":    "क्\u200Dष",
		"Sinhala":                      "ශ්\u200Dරී",
		"Arabic, with its number sign": "\u0600١٢",
	} {
		if got, err := Name("displayName", text); err != nil || got != text {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if got := CleanName(text); got != text {
			t.Errorf("%s, of a feed: %q", name, got)
		}
	}
	for name, c := range map[string]struct{ text, clean string }{
		"a joiner between letters":                    {"pay\u200Dpal", "paypal"},
		"a joiner at the end of an emoji":             {"👩\u200D", "👩"},
		"a joiner before an emoji":                    {"\u200D👩", "👩"},
		"two joiners":                                 {"👩\u200D\u200D👧", "👩👧"},
		"a non-joiner between Latin letters":          {"pay\u200Cpal", "paypal"},
		"a non-joiner after letters that do not join": {"د\u200Cم", "دم"},
		"a non-joiner at the end":                     {"می\u200C", "می"},
		"a non-joiner at the start":                   {"\u200Cمی", "می"},
		"a style on a letter":                         {"a\uFE0F", "a"},
		"two styles":                                  {"❤\uFE0F\uFE0F", "❤\uFE0F"},
		"a style on a plain digit":                    {"1\uFE0F", "1"},
		"a style at the start":                        {"\uFE0F❤", "❤"},
		"a text style":                                {"❤\uFE0E", "❤"},
		"a joiner that a mark held apart":             {"👩\u2060\u200D👧", "👩👧"},
		"a style that loses its sign":                 {"1\uFE0F\u2060\u20E3", "1\u20E3"},
		"tags":                                        {"a\U000E0061\U000E007F", "a"},
		"a byte order mark":                           {"\uFEFFa", "a"},
		"a zero-width space":                          {"a\u200Bb", "ab"},
		"a soft hyphen":                               {"a\u00ADb", "ab"},
		"a filler of Hangul":                          {"\u3164a", "a"},
		"an isolate":                                  {"a\u2067b\u2069", "ab"},
		"a line separator":                            {"a\u2028b", "a b"},
		"a line end":                                  {"Anna\r\nMaria", "Anna  Maria"},
		"a tab":                                       {"Anna\tMaria", "Anna Maria"},
	} {
		if _, err := Name("displayName", c.text); KindOf(err) != Invalid || err == nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := CleanName(c.text); got != c.clean {
			t.Errorf("%s, of a feed: %q, want %q", name, got, c.clean)
		}
	}
}

func TestA9_MarksOfDirectionAreTakenOut(t *testing.T) {
	if got, err := Name("displayName", "\u200E \u200FMia\u200E Lind \u200F"); err != nil || got != "Mia Lind" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := Name("displayName", "\u200E\u200F"); KindOf(err) != Invalid {
		t.Errorf("nothing but marks: %v", err)
	}
	if got, err := Description("description", "a\u200E\r\n\tb\n"); err != nil || got != "a\r\n\tb\n" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, text := range []string{"a\rb", "a\r", "a\vb"} {
		if _, err := Description("description", text); KindOf(err) != Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestA9_WhatAFeedCallsSomebodyIsCleanedOnceAndKept(t *testing.T) {
	alphabet := []rune("aé1 #مدी्👩❤🏽\u200C\u200D\uFE0F\uFE0E\u20E3\u200B\u200E\u2028\uFEFF\n\t\r\x00\U000E0041\U000E01EF\U0010FFFF")
	source := rand.New(rand.NewPCG(9, 11))
	for range 20_000 {
		text := make([]rune, source.IntN(12))
		for i := range text {
			text[i] = alphabet[source.IntN(len(alphabet))]
		}
		clean := CleanName(string(text))
		if again := CleanName(clean); again != clean {
			t.Fatalf("%q became %q, then %q", string(text), clean, again)
		}
		long := CleanDescription(string(text))
		if got, err := Description("description", long); err != nil || got != long || CleanDescription(long) != long {
			t.Fatalf("%q became %q, then %q, %v", string(text), long, got, err)
		}
		if got, err := Name("displayName", clean); clean != "" && (err != nil || got != clean) {
			t.Fatalf("%q became %q, which is refused: %v", string(text), clean, err)
		}
		if plain, err := Name("displayName", string(text)); err == nil && plain != clean {
			t.Fatalf("%q is fine, and became %q", plain, clean)
		}
	}
	if got := CleanDescription("a\r\n\tb\r\u2028c\u200B "); got != "a\r\n\tb c" {
		t.Errorf("got %q", got)
	}
	if got, err := FeedName("displayName", "A\xffnn\u200B"); err != nil || got != "A\uFFFDnn" {
		t.Errorf("got %q, %v", got, err)
	}
	for name, text := range map[string]string{"nothing that shows": "\u200B\u2060", "too long": strings.Repeat("é", MaxName+1), "a megabyte": strings.Repeat("\u200B", 1<<20)} {
		if _, err := FeedName("displayName", text); KindOf(err) != Invalid || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsSaidBackIsShort(t *testing.T) {
	for _, c := range []struct{ sent, want string }{
		{"", ""},
		{"abcd", "abcd"},
		{"abcde", "abcd..."},
		{"abcä", "abc..."}, // no half of a character
	} {
		if got := Clip(c.sent, 4); got != c.want {
			t.Errorf("Clip(%q) = %q, want %q", c.sent, got, c.want)
		}
	}
}
