// Package exports takes long lists away as files: longer ones than one answer may be. Somebody
// asks for one, a worker writes it to the bucket part by part, and whoever asked is given a
// link. All that is known of an export is a small file beside it; both are the bucket's to
// forget after a day.
package exports

import (
	"context"
	"encoding/json"
	"time"

	"leasehold/pkg/authz"
	"leasehold/pkg/clock"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Bucket keeps files.
type Bucket interface {
	// Put writes a small file; with fresh it is a Conflict where there is one.
	Put(ctx context.Context, key string, content []byte, fresh bool) error
	// Get reads a small file; NotFound where there is none.
	Get(ctx context.Context, key string) ([]byte, error)
	// Begin, Part and Complete write a large one, of parts of PartSize at least but for the last.
	// A part that is written again takes the place of the first; NotFound: the upload is over.
	Begin(ctx context.Context, key, media string) (upload string, err error)
	Part(ctx context.Context, key, upload string, number int, content []byte) (tag string, err error)
	Complete(ctx context.Context, key, upload string, tags []string) error
	// Link returns an address at which anybody may read a file for so long.
	Link(ctx context.Context, key, name string, valid time.Duration) (string, error)
}

// Queue tells the worker of an export.
type Queue interface {
	EnqueueExport(ctx context.Context, caller entitlement.UserID, id string) error
}

// Writer writes the rows of an export.
type Writer interface {
	// Piece writes rows from a place in the list, "" for its beginning, until there are so many
	// bytes or the list ends.
	Piece(ctx context.Context, of Export, from string, bytes int) (Piece, error)
}

// Piece is a part of a list as text.
type Piece struct {
	Text []byte
	Rows int
	Next string // where the list goes on; "" at its end
}

// Status says how far an export has come.
type Status string

// The statuses of an export.
const (
	NotStarted Status = "notStarted"
	Running    Status = "running"
	Succeeded  Status = "succeeded"
	Failed     Status = "failed"
)

// PartSize is the least that S3 takes as a part that is not the last, and so all that a worker
// holds of an export.
const PartSize = 5 << 20

// MaxRows bounds one export (S21).
const MaxRows = 1_000_000

// LinkLasts is how long a link is good for.
const LinkLasts = 5 * time.Minute

// Export is one list that somebody takes away.
type Export struct {
	ID     string
	Caller entitlement.UserID
	// What the caller's token allowed when it was asked for. Who the caller is, and may see, is
	// asked again with each part.
	Scopes      authz.Scopes
	Application bool

	Query string // that the list was asked for with

	Status         Status
	Rows           int
	Why            string // it failed
	Created, Moved time.Time

	Upload string   // of the file
	Parts  []string // tags of those that are written
	At     string   // where the list goes on
}

// Service takes lists away.
type Service struct {
	Bucket Bucket
	Queue  Queue
	Writer Writer // of the worker alone
	Clock  interface{ Now() time.Time }
	IDs    clock.IDs
}

func (x Export) key() string  { return names.FilesBelow + string(x.Caller) + "/" + x.ID }
func (x Export) file() string { return x.key() + ".csv" }

// Ask notes an export and tells the worker. Asked again with the same id it is the same export.
func (s *Service) Ask(ctx context.Context, x Export) (Export, error) {
	x.Status, x.Created = NotStarted, s.Clock.Now()
	x.Moved = x.Created
	if x.ID == "" {
		x.ID = s.IDs.New()
	}

	err := s.save(ctx, x, true)
	if entitlement.KindOf(err) == entitlement.Conflict && err != nil {
		if x, err = s.Find(ctx, x.Caller, x.ID); err != nil || x.Status != NotStarted {
			return x, err
		}
	}
	if err != nil {
		return x, err
	}
	// Where it is lost here the caller is not answered, and asks again: as one export, or as another.
	return x, s.Queue.EnqueueExport(ctx, x.Caller, x.ID)
}

// Find returns an export of the caller's. NotFound: there is none, or it is another's.
func (s *Service) Find(ctx context.Context, caller entitlement.UserID, id string) (Export, error) {
	x := Export{ID: id, Caller: caller}
	text, err := s.Bucket.Get(ctx, x.key()+".json")
	if entitlement.KindOf(err) == entitlement.NotFound && err != nil {
		return x, entitlement.Errorf(entitlement.NotFound, "There is no such export. One is kept for a day, and is seen by whoever asked for it alone.")
	}
	if err == nil {
		err = json.Unmarshal(text, &x)
	}
	return x, err
}

// Link returns an address at which the file of an export can be read; "" until it is there.
func (s *Service) Link(ctx context.Context, x Export) (string, error) {
	if x.Status != Succeeded {
		return "", nil
	}
	return s.Bucket.Link(ctx, x.file(), "assignments.csv", LinkLasts)
}

func (s *Service) save(ctx context.Context, x Export, fresh bool) error {
	text, err := json.Marshal(x)
	if err != nil {
		return err
	}
	return s.Bucket.Put(ctx, x.key()+".json", text, fresh)
}
