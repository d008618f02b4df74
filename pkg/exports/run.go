package exports

import (
	"context"
	"time"

	"leasehold/pkg/entitlement"
)

// reserve is the time that a worker keeps for one more part. With less than that it leaves the
// rest to the next message.
const reserve = 25 * time.Second

// Run writes an export on, part by part, until it is done or the time is nearly over.
//
//  1. Begin the file. A crash after it leaves an upload, which the bucket forgets.
//  2. Read rows for a part and write it. A crash after it writes the same part again, of what
//     is there by then.
//  3. Note how far it is. A message that comes twice goes on from here twice; the file is made
//     of the parts that one of them noted, or of none: a part that the other has written again
//     is refused, and the message comes once more.
//  4. After the last part, complete the file, and note that. A crash between the two begins the
//     export anew.
func (s *Service) Run(ctx context.Context, caller entitlement.UserID, id string) error {
	x, err := s.Find(ctx, caller, id)
	if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
		return nil // it is forgotten
	}
	if err != nil || x.Status == Succeeded || x.Status == Failed {
		return err
	}

	for {
		more, err := s.step(ctx, &x)
		if err != nil || !more {
			return err
		}
		if until, bounded := ctx.Deadline(); bounded && time.Until(until) < reserve {
			return s.Queue.EnqueueExport(ctx, x.Caller, x.ID)
		}
	}
}

// step writes one part.
func (s *Service) step(ctx context.Context, x *Export) (more bool, err error) {
	if x.Upload == "" {
		if x.Upload, err = s.Bucket.Begin(ctx, x.file(), "text/csv; charset=utf-8"); err != nil {
			return false, err
		}
		x.Status, x.Rows, x.Parts, x.At = Running, 0, nil, ""
		if err := s.note(ctx, x); err != nil {
			return false, err
		}
	}

	piece, err := s.Writer.Piece(ctx, *x, x.At, PartSize)
	switch {
	case err != nil && final(err):
		return false, s.fail(ctx, x, entitlement.MessageOf(err))
	case err != nil:
		return false, err
	case x.Rows+piece.Rows > MaxRows:
		return false, s.fail(ctx, x, "It has more rows than one export holds: name a package or a state in the filter.")
	}

	tag, err := s.Bucket.Part(ctx, x.file(), x.Upload, len(x.Parts)+1, piece.Text)
	if err == nil {
		x.Parts, x.Rows, x.At = append(x.Parts, tag), x.Rows+piece.Rows, piece.Next
		if piece.Next == "" {
			err = s.Bucket.Complete(ctx, x.file(), x.Upload, x.Parts)
			x.Status = Succeeded
		}
	}
	// The upload is over, and nobody noted it: from the beginning.
	if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
		x.Upload, x.Status = "", Running
		return true, s.note(ctx, x)
	}
	if err != nil {
		return false, err
	}
	return piece.Next != "", s.note(ctx, x)
}

// final reports that trying again would end alike: the caller may not see it any more, or
// nobody could.
func final(err error) bool {
	switch entitlement.KindOf(err) {
	case entitlement.Invalid, entitlement.Forbidden, entitlement.NotFound, entitlement.Precondition, entitlement.Unauthenticated:
		return true
	default:
		return false
	}
}

func (s *Service) fail(ctx context.Context, x *Export, why string) error {
	x.Status, x.Why = Failed, why
	return s.note(ctx, x)
}

func (s *Service) note(ctx context.Context, x *Export) error {
	x.Moved = s.Clock.Now()
	return s.save(ctx, *x, false)
}
