package main

import (
	"fmt"
	"io"
	"path/filepath"

	"leasehold/localstack/components"
	"leasehold/localstack/seed"
	"leasehold/pkg/names"
)

// describe says where everything is, and gives three lines to paste.
func describe(w io.Writer, f components.Endpoints, shown seed.Result) {
	fmt.Fprintf(w, `
  pages            %s%s (sign in with one click)
  proxy            %s%s
  over https       %s%s (certificate: %s)
  OpenID provider  %s (admin, owner, manager, approver, member, other; robot)
  SCIM server      %s
  AWS emulator     %s
  settings         %s, logs in %s

Ask for a package as member, see the assignment delivered, and ask the SCIM server itself in which groups member is:

`, f.URL, names.PortalPath, f.URL, names.APIVersion, f.SecureURL, names.APIVersion, f.CA, f.Issuer, f.SCIM, f.Endpoint,
		filepath.Join(dir, components.EnvFile), filepath.Join(dir, "logs"))
	// They can be pasted as they are: ids and ports are filled in.
	for _, line := range lines(f, shown) {
		fmt.Fprintf(w, "%s\n\n", line)
	}
	fmt.Fprintf(w, "Ctrl-C, or make down, stops everything.\n\nOpen %s%s in a browser.\n", f.URL, names.PortalPath)
}

// lines are three commands for a shell in the checkout, each good by itself.
func lines(f components.Endpoints, shown seed.Result) []string {
	const as = `-H "Authorization: Bearer $(make -s token AS=member)"`
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
