package portal

import (
	"slices"

	"golang.org/x/text/language"

	"leasehold/pkg/entitlement"
)

// said is what a person may read of an error, in the visitor's language. English is as the use
// case worded it, and as the API answers.
func (v *visit) said(err error) string {
	if v.Language != language.German {
		return entitlement.MessageOf(err)
	}
	return entitlement.Translated(err, v.translated)
}

// translated is a text of an error in German. One that has none stays as it is: a refusal in
// another language says more than none.
func (v *visit) translated(text string, about ...any) string {
	about = slices.Clone(about) // they are the error's own
	for i, a := range about {
		about[i] = v.translatedPart(a)
	}
	if text == "%s" && len(about) == 1 {
		if whole, is := about[0].(string); is {
			return whole
		}
	}
	if len(about) == 0 {
		if german := germanRefusals[text]; german != "" {
			return german
		}
		return text
	}
	return v.words.Sprintf(text, about...)
}

// translatedPart is what is put into a text: states and standing phrases in German, names as
// they are.
func (v *visit) translatedPart(part any) any {
	switch part := part.(type) {
	case entitlement.RequestState:
		return v.stateSaid(string(part))
	case entitlement.AssignmentState:
		return v.stateSaid(string(part))
	case string:
		if german := germanRefusals[part]; german != "" {
			return german
		}
	}
	return part
}
