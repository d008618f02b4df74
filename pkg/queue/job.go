package queue

import (
	"encoding/json"
	"errors"

	"leasehold/pkg/entitlement"
)

// Job names an edit of a package that has to reach its holders: the generation that the
// edit gave the package. How far it has come is in the store.
type Job struct {
	Package    entitlement.PackageID `json:"package"`
	Generation int64                 `json:"generation"`
}

// jobMessage is the contract: {"v":1,"job":{"package":"uuid","generation":7}}.
type jobMessage struct {
	V   int `json:"v"`
	Job Job `json:"job"`
}

// Encode returns the message's body.
func (j Job) Encode() string {
	body, _ := json.Marshal(jobMessage{V: Version, Job: j}) // numbers and strings always encode
	return string(body)
}

// DecodeJob reads a message's body, as strictly as Decode and with errors of the same kind.
func DecodeJob(body string) (Job, error) {
	var m jobMessage
	if err := decode("decode job", body, &m); err != nil {
		return Job{}, err
	}
	return m.Job, nil
}

func (m *jobMessage) check() error {
	if m.Job.Generation < 1 {
		return errors.New("no generation of the package")
	}
	id, err := entitlement.ParseID[entitlement.PackageID]("package", string(m.Job.Package))
	m.Job.Package = id
	return err
}
