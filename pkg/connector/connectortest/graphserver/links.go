package graphserver

import "time"

// links are the members, or the owners, of a group, each with the times at which it was one.
type links struct {
	order []string
	times map[string][]span
}

type span struct{ from, to time.Time } // to: zero as long as it lasts

func (l *links) holds(id string, at time.Time) bool {
	spans := l.times[id]
	for i := len(spans) - 1; i >= 0; i-- {
		if !spans[i].from.After(at) {
			return spans[i].to.IsZero() || spans[i].to.After(at)
		}
	}
	return false
}

func (l *links) now(id string) bool {
	spans := l.times[id]
	return len(spans) > 0 && spans[len(spans)-1].to.IsZero()
}

func (l *links) add(id string, at time.Time) {
	if l.times == nil {
		l.times = map[string][]span{}
	}
	if _, known := l.times[id]; !known {
		l.order = append(l.order, id)
	}
	l.times[id] = append(l.times[id], span{from: at})
}

func (l *links) remove(id string, at time.Time) {
	if spans := l.times[id]; l.now(id) {
		spans[len(spans)-1].to = at
	}
}

func (l *links) all() (ids []string) {
	for _, id := range l.order {
		if l.now(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (l *links) shown(at time.Time) (ids []string) {
	for _, id := range l.order {
		if l.holds(id, at) {
			ids = append(ids, id)
		}
	}
	return ids
}
