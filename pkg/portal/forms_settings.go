package portal

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

var settingsRoutes = []route{
	{http.MethodGet, "/administration/settings", authz.ReadSettings, showSettings},
	{http.MethodPost, "/administration/settings", authz.UpdateSettings, updateSettings},
}

// settingsPage is what is in force, and what is kept and not acted upon.
type settingsPage struct {
	entitlement.Settings
	Days    string // as typed
	Changes bool
	Said    string
	Faults  faults
}

// The words for the values of the settings.
var (
	externalActions = []choice{{string(entitlement.ExternalUserNone), "nothing"}, {string(entitlement.ExternalUserBlock), "they are blocked"}, {string(entitlement.ExternalUserBlockAndDelete), "they are blocked, and deleted later"}}
	insightLevels   = []choice{{string(entitlement.InsightDisabled), "nothing"}, {string(entitlement.InsightCount), "how many they are"}, {string(entitlement.InsightNames), "how many they are, and their names"}}
)

func (v *visit) inWords(all []choice) (out []choice) {
	for _, c := range all {
		out = append(out, choice{c.Value, v.T(c.Words)})
	}
	return out
}

func has(all []choice, value string) bool {
	for _, c := range all {
		if c.Value == value {
			return true
		}
	}
	return false
}

func (v *visit) settingsPage(ctx context.Context) (settingsPage, error) {
	kept, err := v.Catalogs.Settings(ctx, v.by.Caller)
	return settingsPage{Settings: kept, Days: strconv.Itoa(int(kept.DeleteAfterBlocked / (24 * time.Hour))), Changes: v.may(authz.UpdateSettings)}, err
}

func showSettings(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.settingsPage(ctx)
	if err != nil {
		return answer{}, err
	}
	if v.request.URL.Query().Get("done") == "saved" {
		shown.Said = v.T("The settings are saved.")
	}
	return page(settingsView(v, shown))
}

// maxDays bounds a setting of days: longer than anybody waits.
const maxDays = 3650

func updateSettings(ctx context.Context, v *visit) (answer, error) {
	shown, err := v.settingsPage(ctx)
	if err == nil {
		err = v.allows(ctx, authz.UpdateSettings)
	}
	if err != nil {
		return answer{}, err
	}

	action, level := v.typed("external"), v.typed("related")
	shown.Days, shown.EndUsers.HideApprovers = v.typed("days"), !v.ticked("approvers")
	days, bad := strconv.Atoi(shown.Days)
	if bad != nil || days < 0 || days > maxDays {
		shown.Faults = append(shown.Faults, fault{"days", v.T("Type a number of days, at most %d.", maxDays)})
	}
	if !has(externalActions, action) {
		shown.Faults = append(shown.Faults, fault{"external", v.T("Choose one.")})
	}
	if !has(insightLevels, level) {
		shown.Faults = append(shown.Faults, fault{"related", v.T("Choose one.")})
	}
	shown.ExternalUserAction, shown.EndUsers.RelatedPeople = entitlement.ExternalUserAction(action), entitlement.InsightLevel(level)
	if shown.Faults != nil {
		return badForm(page(settingsView(v, shown)))
	}

	// What did not change is not written: whoever changes one of the two leaves the other's history alone.
	kept, err := v.Catalogs.Settings(ctx, v.by.Caller)
	after := time.Duration(days) * 24 * time.Hour
	if days == int(kept.DeleteAfterBlocked/(24*time.Hour)) {
		after = kept.DeleteAfterBlocked // the API may have set hours besides
	}
	if err == nil && (kept.ExternalUserAction != shown.ExternalUserAction || kept.DeleteAfterBlocked != after) {
		_, err = v.Catalogs.UpdateSettings(ctx, v.by, func(s *entitlement.Settings) {
			s.ExternalUserAction, s.DeleteAfterBlocked = shown.ExternalUserAction, after
		})
	}
	if err == nil && (kept.EndUsers.RelatedPeople != shown.EndUsers.RelatedPeople || kept.EndUsers.HideApprovers != shown.EndUsers.HideApprovers) {
		_, err = v.Catalogs.UpdateEndUserSettings(ctx, v.by, func(s *entitlement.EndUserSettings) {
			s.RelatedPeople, s.HideApprovers = shown.EndUsers.RelatedPeople, shown.EndUsers.HideApprovers
		})
	}
	return v.afterForm(err, "/administration/settings?done=saved", func(all faults) (answer, error) {
		shown.Faults = all
		return page(settingsView(v, shown))
	})
}
