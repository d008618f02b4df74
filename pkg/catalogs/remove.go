package catalogs

import (
	"context"
	"errors"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// eraseTries bounds how often a deletion is tried.
const eraseTries = 4

// remove deletes a package or a policy. Where it moves meanwhile, it looks again from the
// start. Reading asks whether the command may, and so says in by which policy allowed it.
func (s *Service) remove(ctx context.Context, by *authz.Command, read func() (entitlement.Deletion, error), erase func(entitlement.Deletion) error) error {
	for try := 1; ; try++ {
		err := s.removeOnce(ctx, by, read, erase)
		if entitlement.StalePart(err) == "" || try == eraseTries {
			return err
		}
	}
}

// removeOnce closes to new work what is deleted, counts then, and erases it as the very one
// that was closed: whoever opens it again moves its version on, so that nothing is erased on
// a count from before that (S7). A crash in the middle leaves a due index entry: the sweep
// opens it again. What one call does not look through the next one does.
func (s *Service) removeOnce(ctx context.Context, by *authz.Command, read func() (entitlement.Deletion, error), erase func(entitlement.Deletion) error) error {
	d, err := read()
	if err != nil {
		return err
	}

	// 1. Close the guard. Whatever was decided before this and commits after it fails (S7). A
	// crash before it leaves nothing.
	if !d.Closed() {
		closed, c := d.Close(s.turning(by))
		if err := s.Store.Commit(ctx, c); err != nil {
			return err
		}
		d = closed
	}

	// 2. Count what stands in the way; what one call does not see the next one goes on with. A
	// crash here leaves a closed guard and its row in the due index, and the sweep opens it
	// again.
	held, rest, err := s.occupied(ctx, d)
	if err == nil && rest != "" {
		_, c := d.StayClosed(rest, s.turning(by))
		if err = s.Store.Commit(ctx, c); err == nil {
			return unfinished()
		}
	}

	// 3. Erase it in one transaction, on the version that was closed. A crash before it is the
	// sweep's, as above. One after it leaves a deletion that nobody was told of: asked again, it
	// is not found.
	if err == nil {
		err = d.Refuse(held)
	}
	if err == nil {
		err = erase(d)
	}

	if err != nil {
		return s.keep(ctx, by, d, read, err)
	}
	return nil
}

func (s *Service) turning(by *authz.Command) entitlement.Event {
	return entitlement.Event{Actor: by.ID, Command: by.CommandID, At: s.Clock.Now(), AllowedBy: by.AllowedBy}
}

// keep opens again what could not be deleted, so that new work is not turned away until the
// sweep comes. The answer alone may have been lost: then it is gone, and stays closed. What
// moved on is somebody else's to open, or the sweep's.
func (s *Service) keep(ctx context.Context, by *authz.Command, d entitlement.Deletion, read func() (entitlement.Deletion, error), failed error) error {
	_, c := d.Reopen(s.turning(by))
	err := s.Store.Commit(ctx, c)
	if entitlement.StalePart(err) == "" {
		return errors.Join(failed, err)
	}
	if _, err = read(); entitlement.KindOf(err) == entitlement.NotFound {
		return nil
	}
	return failed
}

// maxSeen bounds the large pages of slots that one call looks through (S21): some fifty
// thousand holders, in a second or two.
const maxSeen = 20

// unfinished is what a deletion answers that has looked through a part of the holders.
func unfinished() error {
	err := entitlement.Errorf(entitlement.Throttled, "So many people hold the access package that one call does not look through all of them. Repeat it within a minute: it goes on where it was.")
	err.Wait = time.Second
	return err
}

// occupied counts what stands in the way of a deletion: on the first page of the holders that
// has any, since one is enough. Who held the package once is not among them, and costs
// nothing. It begins after what an earlier call has looked through, and returns where the
// next one goes on, if one call does not see them all.
func (s *Service) occupied(ctx context.Context, d entitlement.Deletion) (n entitlement.Occupancy, rest string, err error) {
	token := d.Looked()

	for pages := 0; ; pages++ {
		var slots entitlement.Paged[entitlement.AssignmentSlot]
		if token == "" { // mostly there is no more than this, or somebody in it
			slots, err = s.Store.Holders(ctx, d.Package.ID, entitlement.Page{})
		} else {
			slots, err = s.Store.Slots(ctx, d.Package.ID, token, 0)
		}

		if err == nil && slots.Unread > 0 {
			err = unsure(slots.Unread) // somebody may hold it
		}

		if err != nil {
			return n, "", err
		}

		if n = d.Occupied(slots.Items); slots.Next == "" || n != (entitlement.Occupancy{}) {
			return n, "", nil
		}
		if token = slots.Next; pages == maxSeen {
			return n, token, nil
		}
	}
}
