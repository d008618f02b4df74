package timezone

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// wanted packs the zones that Go brings with it.
func wanted(t *testing.T) []byte {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()

	type zone struct {
		name string
		file []byte
	}
	var all []zone
	for _, f := range archive.File {
		if area, _, below := strings.Cut(f.Name, "/"); !below || !slices.Contains(Areas, area) || f.FileInfo().IsDir() {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		file, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, zone{f.Name, file})
	}

	// Those with the same clocks lie side by side, and take next to nothing more.
	slices.SortFunc(all, func(a, b zone) int { return cmp.Or(bytes.Compare(a.file, b.file), cmp.Compare(a.name, b.name)) })
	var out bytes.Buffer
	for _, z := range all {
		out.WriteString(z.name + "\x00")
		binary.Write(&out, binary.BigEndian, uint16(len(z.file)))
		out.Write(z.file)
	}
	return out.Bytes()
}

// The zones are those of Go, which follows the rules that countries make: UPDATE=1 packs them anew.
func TestTheZonesAreThoseOfGo(t *testing.T) {
	want := wanted(t)
	if os.Getenv("UPDATE") != "" {
		var out bytes.Buffer
		w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
		w.Write(want)
		w.Close()
		if err := os.WriteFile("zones.gz", out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		packed = out.Bytes()
	}

	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("zones.gz is not what this Go brings (%v): UPDATE=1 go test ./pkg/timezone makes it anew", err)
	}
	if len(packed) > 64<<10 {
		t.Errorf("the zones are %d bytes", len(packed))
	}
	for _, name := range Names() {
		if zone, ok := Load(name); !ok || zone.String() != name {
			t.Errorf("%s cannot be loaded", name)
		}
	}
	for _, none := range []string{"Local", "../zoneinfo", "Europe/Nowhere", "UTC"} {
		if _, ok := Load(none); ok {
			t.Errorf("%q is a zone", none)
		}
	}
	if zone, ok := Load(""); !ok || zone != time.UTC {
		t.Error("nothing is UTC")
	}
}

// Each day of each zone begins and ends where its date begins and ends, also where clocks are
// put forward or back, at midnight too.
func TestADayIsAllMomentsOfItsDate(t *testing.T) {
	for _, name := range Names() {
		zone, _ := Load(name)
		// Every change of clocks of these years, with the days around it.
		at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
		for changes := 0; changes < 8 && at.Year() < 2028; changes++ {
			_, end := at.In(zone).ZoneBounds()
			if !end.After(at) { // there are no more
				break
			}
			for day := -1; day <= 1; day++ {
				checkDay(t, end.AddDate(0, 0, day).Format(time.DateOnly), zone)
			}
			at = end
		}
		checkDay(t, "2026-02-28", zone)
	}
}

// checkDay looks at every quarter of an hour for a day and a half around.
func checkDay(t *testing.T, day string, zone *time.Location) {
	t.Helper()
	middle, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}
	middle = middle.Add(12 * time.Hour)
	var first, after time.Time
	for at := middle.Add(-40 * time.Hour); at.Before(middle.Add(64 * time.Hour)); at = at.Add(15 * time.Minute) {
		is := at.In(zone).Format(time.DateOnly)
		if is == day && first.IsZero() {
			first = at
		}
		if is > day && after.IsZero() {
			after = at
		}
	}

	begin, err := Begin(day, zone)
	if first.IsZero() {
		if err == nil {
			t.Errorf("%s: %s begins at %s, and there was no such day", zone, day, begin)
		}
		return
	}
	end, failed := End(day, zone)
	if err != nil || failed != nil || !begin.Equal(first) || !end.Equal(after) {
		t.Errorf("%s: %s is from %s to %s, want %s to %s (%v, %v)", zone, day, begin.UTC(), end.UTC(), first, after, err, failed)
	}
}

func TestDaysAroundChangesOfClocks(t *testing.T) {
	for _, tt := range []struct{ zone, day, begin, end string }{
		{"", "2026-03-29", "2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z"},
		{"Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},  // 23 hours
		{"Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},  // 25 hours
		{"America/Havana", "2026-03-08", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"}, // no midnight
		{"America/Havana", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"}, // two of them
		{"Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"},   // the day before one that there was not
		{"Asia/Kathmandu", "2026-01-31", "2026-01-30T18:15:00Z", "2026-01-31T18:15:00Z"}, // a quarter of an hour
		{"Pacific/Kiritimati", "2026-01-01", "2025-12-31T10:00:00Z", "2026-01-01T10:00:00Z"},
	} {
		zone, ok := Load(tt.zone)
		if !ok {
			t.Fatalf("no zone %s", tt.zone)
		}
		begin, err := Begin(tt.day, zone)
		end, failed := End(tt.day, zone)
		if got := begin.UTC().Format(time.RFC3339) + " " + end.UTC().Format(time.RFC3339); err != nil || failed != nil || got != tt.begin+" "+tt.end {
			t.Errorf("%s in %q: %s, want %s %s (%v, %v)", tt.day, tt.zone, got, tt.begin, tt.end, err, failed)
		}
	}
	apia, _ := Load("Pacific/Apia")
	for _, day := range []string{"", "today", "2026-02-30", "2026-1-1", "20260101", "2011-12-30"} {
		if begin, err := Begin(day, apia); err == nil {
			t.Errorf("%q begins at %s", day, begin)
		}
		if end, err := End(day, apia); err == nil {
			t.Errorf("%q ends at %s", day, end)
		}
	}
}
