package entitlement

import (
	"crypto/sha256"
	"encoding"
	"encoding/base64"
	"time"
)

// ImpactJobID is the id of an ImpactJob.
type ImpactJobID string

// JobStatus says how far a job has come.
type JobStatus string

// The statuses of a job.
const (
	JobNotStarted JobStatus = "notStarted"
	JobRunning    JobStatus = "running"
	JobSucceeded  JobStatus = "succeeded"
	JobFailed     JobStatus = "failed"
)

// JobStatuses are all of them.
var JobStatuses = []JobStatus{JobNotStarted, JobRunning, JobSucceeded, JobFailed}

// ImpactJob is a change of a package's roles that a worker looks at, since more people hold the
// package than one call goes through. It lies beside the package, with the people that were
// found (ImpactPeople), and is seen by those who may see who holds the package.
type ImpactJob struct {
	ID      ImpactJobID
	Package PackageID
	Catalog CatalogID
	Edit    RoleEdit // as it was when the job was asked for
	Name    string   // of the resource, likewise

	Agreed string   // the hash that is to be applied; "" of one that only looks
	Change ChangeID // that waited, and that a second person agreed to

	// Who asked for it, and what the token allowed. Whether they may still do it is asked again
	// whenever a worker takes it up.
	Caller      UserID
	Scopes      int
	Application bool
	Command     string

	Status JobStatus
	Code   string   // of the refusal by which it failed
	Why    string   // it failed
	Waits  ChangeID // what was agreed to waits for a second person, as this change
	Second bool     // what was looked at needs one

	Round  int    // how often it was begun: what moves meanwhile is looked at anew
	At     int64  // version of the package's role scopes that this round began on
	Watch  string // token on the package's guards (EditWatch)
	Cursor string // where the holders go on
	Digest string // state of the totals' digest

	Holders, Gains, Loses, Keeps int // so far

	Created, Moved time.Time
	Meta
}

// MaxAtOnce is with how many people one call looks at a change of roles. With more it is a job.
const MaxAtOnce = 2000

// ImpactJobLasts is how long a job is kept, with the people that it found.
const ImpactJobLasts = 24 * time.Hour

// MaxImpactJobs bounds the jobs that are kept of one package (S21).
const MaxImpactJobs = 50

// MaxImpactRounds bounds how often a job begins anew, since what it looked at moved.
const MaxImpactRounds = 8

// Applies reports a job that is to make the change, as it was agreed to.
func (j ImpactJob) Applies() bool { return j.Agreed != "" }

// Over reports that nobody sees the job any more.
func (j ImpactJob) Over(now time.Time) bool { return !now.Before(j.Expires()) }

// Expires returns when the job is forgotten.
func (j ImpactJob) Expires() time.Time { return j.Created.Add(ImpactJobLasts) }

// Ended reports a job that no worker carries on.
func (j ImpactJob) Ended() bool { return j.Status == JobSucceeded || j.Status == JobFailed }

// Begin returns the job at the beginning of another round, on the version of the role scopes.
func (j ImpactJob) Begin(at int64) ImpactJob {
	j.Round++
	j.Status, j.At, j.Cursor, j.Digest = JobRunning, at, "", ""
	j.Holders, j.Gains, j.Loses, j.Keeps = 0, 0, 0, 0
	return j
}

// Totals returns the totals as far as the job has come.
func (j ImpactJob) Totals() (*ImpactTotals, error) {
	t := j.Edit.Totals()
	t.Holders, t.Gains, t.Loses, t.Keeps = j.Holders, j.Gains, j.Loses, j.Keeps
	if j.Digest == "" {
		return t, nil
	}
	state, err := base64.RawStdEncoding.DecodeString(j.Digest)
	if err != nil {
		return nil, err
	}
	t.digest = sha256.New()
	return t, t.digest.(encoding.BinaryUnmarshaler).UnmarshalBinary(state)
}

// With returns the job with the totals as they are by now.
func (j ImpactJob) With(t *ImpactTotals) (ImpactJob, error) {
	state, err := t.digest.(encoding.BinaryMarshaler).MarshalBinary()
	j.Digest = base64.RawStdEncoding.EncodeToString(state)
	j.Holders, j.Gains, j.Loses, j.Keeps = t.Holders, t.Gains, t.Loses, t.Keeps
	return j, err
}

// Of is how many people there are of an effect so far.
func (j ImpactJob) Of(e Effect) int {
	switch e {
	case Gains:
		return j.Gains
	case Loses:
		return j.Loses
	default:
		return j.Keeps
	}
}

// ImpactChunk is how many people lie in one item. All items of an effect are full but for the
// last one, so that a place in the list says which item it is in.
const ImpactChunk = 500

// MaxReasons bounds the reasons that are kept of one person; of more of them the number is told.
const MaxReasons = 10

// ImpactPeople are people whom a job found to be affected alike, in the order of their ids.
type ImpactPeople struct {
	Package PackageID
	Job     ImpactJobID
	Round   int
	Effect  Effect
	Number  int // from 0
	People  []Affected
	Created time.Time // of the job: they go with it
	Meta
}

// Expires returns when they are forgotten.
func (p ImpactPeople) Expires() time.Time { return p.Created.Add(ImpactJobLasts) }

// Kept returns somebody as they are kept: with at most MaxReasons reasons, and how many more
// there are.
func (a Affected) Kept() Affected {
	if n := len(a.Because); n > MaxReasons {
		a.Because, a.Further = a.Because[:MaxReasons:MaxReasons], n-MaxReasons
	}
	return a
}
