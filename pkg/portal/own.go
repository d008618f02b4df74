package portal

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/timezone"
)

// ownRoutes are the pages of how the pages speak to somebody.
var ownRoutes = []route{
	{http.MethodGet, "/my-settings", authz.ReadSelf, showOwn},
	{http.MethodPost, "/my-settings", authz.SetPreferences, setOwn},
}

// prefer has the pages speak as the visitor wants them to. A zone that is not known any more is
// UTC again: times are never left out.
func (v *visit) prefer(p entitlement.Preferences) {
	if tag, err := language.Parse(p.Language); err == nil && slices.Contains(entitlement.Languages, p.Language) {
		v.Language, v.words = tag, message.NewPrinter(tag, message.Catalog(texts))
	}
	if zone, known := timezone.Load(p.TimeZone); known {
		v.zone = zone
	}
}

// local is a time in the visitor's zone.
func (v *visit) local(t time.Time) time.Time {
	if v.zone == nil {
		return t.UTC()
	}
	return t.In(v.zone)
}

// zoneName is what the visitor's zone is called.
func (v *visit) zoneName() string {
	if v.zone == nil {
		return "UTC"
	}
	return v.zone.String()
}

// begin is the first moment of a day that was typed, and after the first one that does not
// belong to it any more.
func (v *visit) begin(day string) (time.Time, error) {
	return timezone.Begin(day, v.local(v.now).Location())
}

func (v *visit) after(day string) (time.Time, error) {
	return timezone.End(day, v.local(v.now).Location())
}

// ownPage is how the pages speak to somebody.
type ownPage struct {
	Typed entitlement.Preferences
	Saved int // just now
	Wrong faults
}

// languageNames are the languages of the pages, each by its own name.
var languageNames = map[string]string{"en": "English", "de": "Deutsch"}

// zonesIn are the zones of an area.
func zonesIn(area string) []string {
	return slices.DeleteFunc(timezone.Names(), func(name string) bool { return !strings.HasPrefix(name, area+"/") })
}

func showOwn(_ context.Context, v *visit) (answer, error) {
	return page(ownView(v, ownPage{Typed: v.User().Preferences, Saved: v.doneCount("saved")}))
}

// setOwn sets how the pages speak to the visitor from now on.
func setOwn(ctx context.Context, v *visit) (answer, error) {
	shown := ownPage{Typed: entitlement.Preferences{Language: v.typed("language"), TimeZone: v.typed("zone")}}
	if shown.Typed.Language != "" && !slices.Contains(entitlement.Languages, shown.Typed.Language) {
		shown.Wrong = append(shown.Wrong, fault{"language", v.T("Choose one of the languages.")})
	}
	if _, known := timezone.Load(shown.Typed.TimeZone); !known {
		shown.Wrong = append(shown.Wrong, fault{"zone", v.T("Choose one of the time zones.")})
	}
	if len(shown.Wrong) > 0 {
		return answer{status: http.StatusBadRequest, page: ownView(v, shown)}, nil
	}

	if err := v.Directory.SetPreferences(ctx, v.by, shown.Typed); err != nil {
		return answer{}, err
	}
	return then("/my-settings?" + queryOf("saved", "1"))
}
