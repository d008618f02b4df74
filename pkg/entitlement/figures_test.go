package entitlement

import (
	"reflect"
	"testing"
	"time"
)

func TestFiguresAreCountedByDayAndForgotten(t *testing.T) {
	at := time.Date(2026, 1, 31, 23, 0, 0, 0, time.UTC)
	event := func(kind string, after time.Duration, ended string) Event {
		e := Event{Aggregate: OfRequest, Kind: kind, At: at.Add(after)}
		if ended != "" {
			e.Data = map[string]string{DataEnded: ended}
		}
		return e
	}
	f := Figures{}.Count([]Event{event("submitted", 0, ""), event("submitted", time.Minute, ""), event("approved", time.Minute, ""), event("denied", 2*time.Hour, ""),
		event("revoked", 0, "2026-01-31T22:59:00Z"), event("revoked", 0, "2026-01-31T22:57:00Z"), event("revoked", 0, "2026-02-28T00:00:00Z"), event("revoked", 0, ""),
		{Aggregate: OfPackage, Kind: "approved", At: at}, event("delivered", 0, "")}, at.Add(3*time.Hour))
	want := []DayFigures{{Day: "2026-01-31", Requests: 2, Approvals: 1, Removals: 2, LagSum: 4 * time.Minute, LagMax: 3 * time.Minute}, {Day: "2026-02-01", Denials: 1}}
	if !reflect.DeepEqual(f.Days, want) || !f.Through.Equal(at.Add(3*time.Hour)) {
		t.Errorf("%+v", f)
	}
	if f.Days[0].LagMean() != 2*time.Minute || f.Days[1].LagMean() != 0 {
		t.Error("another mean")
	}

	again := f.Count([]Event{event("submitted", 3*time.Hour, "")}, at.Add(4*time.Hour))
	if len(again.Days) != 2 || again.Days[1].Requests != 1 || again.Days[1].Denials != 1 || f.Days[1].Requests != 0 {
		t.Errorf("%+v after %+v", again, f)
	}
	if kept := again.Count(nil, at.AddDate(0, 0, FiguresKept)); len(kept.Days) != 1 || kept.Days[0].Day != "2026-02-01" {
		t.Errorf("%+v", kept)
	}
}
