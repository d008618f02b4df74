// Package timezone knows the time zones of the world, and what a day is in one of them. A
// function's machine has no zone files, and time/tzdata would make the function of the pages
// 0.4 MiB larger (Y10): the zones that people live in are here, packed, in 60 KB.
package timezone

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the zones
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed zones.gz
var packed []byte

// zones are the files of zones by name. They are unpacked where somebody first asks for one.
var zones = sync.OnceValue(func() map[string][]byte {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic("the zones are not packed: " + err.Error()) // a test reads them all
	}
	all, err := io.ReadAll(r)
	if err != nil {
		panic("the zones are cut off: " + err.Error())
	}

	files := map[string][]byte{}
	for len(all) > 0 {
		name, _, _ := strings.Cut(string(all[:min(len(all), maxName)]), "\x00")
		all = all[len(name)+1:]
		size := int(binary.BigEndian.Uint16(all))
		files[name], all = all[2:2+size], all[2+size:]
	}
	return files
})

// maxName bounds the name of a zone with its end.
const maxName = 64

// Areas are what the names of zones begin with.
var Areas = []string{"Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}

// Names are the names of all zones, in order.
func Names() []string { return slices.Clone(sorted()) }

var sorted = sync.OnceValue(func() []string { return slices.Sorted(maps.Keys(zones())) })

// loaded are zones that somebody asked for.
var loaded sync.Map

// Load returns the zone of the name; false where there is none. UTC is "".
func Load(name string) (*time.Location, bool) {
	if name == "" {
		return time.UTC, true
	}
	if known, ok := loaded.Load(name); ok {
		return known.(*time.Location), true
	}
	file, ok := zones()[name]
	if !ok {
		return nil, false
	}
	zone, err := time.LoadLocationFromTZData(name, file)
	if err != nil {
		return nil, false
	}
	loaded.Store(name, zone)
	return zone, true
}

// ErrNoDay says that a text is no day, or none that there was in the zone.
var ErrNoDay = errors.New("there is no such day")

// Begin returns the first moment of a day, written like 2026-01-31, in a zone. Where clocks are
// put forward at midnight that is one o'clock, and where they are put back to it the first of
// the two midnights.
func Begin(day string, in *time.Location) (time.Time, error) {
	wanted, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return time.Time{}, ErrNoDay
	}

	t := time.Date(wanted.Year(), wanted.Month(), wanted.Day(), 0, 0, 0, 0, in)
	if dayOf(t) < day {
		// There is no midnight: the day begins when the clocks are put forward.
		_, t = t.ZoneBounds()
	}
	if t.IsZero() || dayOf(t) != day {
		return time.Time{}, ErrNoDay // it was left out, as Samoa did with 30 December 2011
	}

	changed, _ := t.ZoneBounds()
	if changed.IsZero() || changed.After(t) || dayOf(changed) != day {
		return t, nil
	}
	// The clocks were changed on this day and before t: it began under the former time, or then.
	before := changed.Add(-1)
	if dayOf(before) != day {
		return changed, nil
	}
	name, offset := before.Zone()
	return time.Date(wanted.Year(), wanted.Month(), wanted.Day(), 0, 0, 0, 0, time.FixedZone(name, offset)).In(in), nil
}

// End returns the first moment after a day: that of the next day that there is.
func End(day string, in *time.Location) (time.Time, error) {
	if _, err := Begin(day, in); err != nil {
		return time.Time{}, err
	}
	at, _ := time.Parse(time.DateOnly, day) // Begin has read it
	for next := range 3 {
		if t, err := Begin(at.AddDate(0, 0, 1+next).Format(time.DateOnly), in); err == nil {
			return t, nil
		}
	}
	return time.Time{}, ErrNoDay
}

func dayOf(t time.Time) string { return t.Format(time.DateOnly) }
