package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"leasehold/localstack/components"
	"leasehold/localstack/seed"
	"leasehold/pkg/names"
)

// describe says where everything is, and gives three lines to paste.
func describe(w io.Writer, f components.Endpoints, shown seed.Result) {
	fmt.Fprintf(w, `
  pages            %s%s (sign in with one click)
  API              %s%s
  tokens           %s/token?as=member (admin, owner, manager, approver, member, other; robot)
  SCIM server      %s
  schedule         every minute; curl -X POST %s/sweep does what is due now
  dead letters     %s/dead-letters
  stored items     %s/items?of=request/<id>
  settings         %s, log in %s

Ask for a package as member, see the assignment delivered, and ask the SCIM server itself in which groups member is:

`, f.URL, names.PortalPath, f.URL, names.APIVersion, f.Issuer, f.SCIM, f.Issuer, f.Issuer, f.Issuer, filepath.Join(dir, envFile), filepath.Join(dir, logFile))
	// They can be pasted as they are: ids and ports are filled in.
	for _, line := range lines(f, shown) {
		fmt.Fprintf(w, "%s\n\n", line)
	}
	fmt.Fprintf(w, "Everything is in memory: Ctrl-C ends it, and nothing is left.\n\nOpen %s%s in a browser.\n", f.URL, names.PortalPath)
}

// lines are three commands for any shell, each good by itself.
func lines(f components.Endpoints, shown seed.Result) []string {
	as := fmt.Sprintf(`-H "Authorization: Bearer $(curl -s '%s/token?as=member')"`, f.Issuer)
	base := f.URL + names.Entitlement
	return []string{
		fmt.Sprintf(`curl -s %s -H 'Content-Type: application/json' %s/assignmentRequests -d '{"requestType":"userAdd","assignment":{"accessPackageId":"%s","assignmentPolicyId":"%s"}}'`,
			as, base, shown.Package, shown.Policy),
		fmt.Sprintf(`curl -sG %s "%s/assignments/filterByCurrentUser(on='target')" --data-urlencode '$expand=accessPackage'`,
			as, base),
		fmt.Sprintf(`curl -sG -H 'Authorization: Bearer %s' %s/Groups --data-urlencode 'filter=members.value eq "%s"'`,
			f.SCIMToken, f.SCIM, shown.Member),
	}
}

// writeEnv writes where everything is as KEY=value, for its owner alone, and returns what
// removes it again, unless another system has written its own in the meantime.
func writeEnv(f components.Endpoints) (withdraw func(), err error) {
	var b strings.Builder
	for _, v := range [][2]string{{"LEASEHOLD_URL", f.URL}, {"LEASEHOLD_ISSUER", f.Issuer}, {"SCIM_URL", f.SCIM}, {"SCIM_TOKEN", f.SCIMToken}} {
		fmt.Fprintf(&b, "%s=%s\n", v[0], v[1])
	}

	path := filepath.Join(dir, envFile)
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		return nil, fmt.Errorf("write the settings: %w", err)
	}
	// Another system may have written since; what it wrote is not ours to remove.
	return func() {
		if text, err := os.ReadFile(path); err == nil && string(text) == b.String() {
			os.Remove(path)
		}
	}, nil
}
