package components

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// EnvFile is where a stack writes its endpoints, in its own directory. It is the
// last thing written at the start and the first removed at the end, so that where
// it stands a stack is up.
const EnvFile = "env"

// Endpoints is what one has to know of a running stack in order to use it.
type Endpoints struct {
	URL         string // the proxy: the address in front of /v1.0
	SecureURL   string // the same over https
	CA          string // file with the certificate that SecureURL shows
	Issuer      string // the OpenID provider
	RobotSecret string // of the client leasehold-robot
	SCIM        string // the SCIM server, with its /v2
	SCIMToken   string
	SCIMTarget  string // the SCIM server as the functions reach it
	Endpoint    string // the emulator
	APIID       string
	Table       string
	Queue       string // URL of the urgent queue
}

// variables names every fact. It is the one list that writing and reading share.
func (f *Endpoints) variables() []struct {
	key   string
	value *string
} {
	return []struct {
		key   string
		value *string
		// Scripts and tests read these names, so they stay as they are.
	}{
		{"LEASEHOLD_URL", &f.URL},
		{"LEASEHOLD_SECURE_URL", &f.SecureURL},
		{"LEASEHOLD_CA", &f.CA},
		{"LEASEHOLD_ISSUER", &f.Issuer},
		{"LEASEHOLD_ROBOT_SECRET", &f.RobotSecret},
		{"SCIM_URL", &f.SCIM},
		{"SCIM_TOKEN", &f.SCIMToken},
		{"SCIM_TARGET", &f.SCIMTarget},
		{"AWS_ENDPOINT_URL", &f.Endpoint},
		{"LEASEHOLD_API_ID", &f.APIID},
		{"LEASEHOLD_TABLE", &f.Table},
		{"LEASEHOLD_QUEUE_URGENT", &f.Queue},
	}
}

// Write puts the endpoints into dir as KEY=value, with the settings that AWS
// clients want beside them. The file holds secrets and is its owner's alone.
func (f Endpoints) Write(dir string) error {
	var b strings.Builder
	for _, v := range f.variables() {
		fmt.Fprintf(&b, "%s=%s\n", v.key, *v.value)
	}
	for _, setting := range credentials {
		fmt.Fprintln(&b, setting)
	}

	// Renamed into place: whoever sees the file sees all of it.
	path := filepath.Join(dir, EnvFile)
	if err := os.WriteFile(path+".new", []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("write the endpoints of the stack: %w", err)
	}
	return os.Rename(path+".new", path)
}

// ReadEndpoints reads what Write wrote; there is nothing to read where no stack is up.
func ReadEndpoints(dir string) (Endpoints, error) {
	file, err := os.Open(filepath.Join(dir, EnvFile))
	if err != nil {
		return Endpoints{}, fmt.Errorf("no stack is up here, start one with make run: %w", err)
	}
	defer file.Close()

	values := map[string]string{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if key, value, ok := strings.Cut(lines.Text(), "="); ok {
			values[key] = value
		}
	}

	// A key that is not there leaves its field empty, as an older stack would.
	var f Endpoints
	for _, v := range f.variables() {
		*v.value = values[v.key]
	}
	return f, lines.Err()
}

// withdraw removes the endpoints of a stack that is no longer, or not yet, up.
func withdraw(dir string) error {
	err := os.Remove(filepath.Join(dir, EnvFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
