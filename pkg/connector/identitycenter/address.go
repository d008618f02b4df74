package identitycenter

import (
	"net/url"
	"regexp"
	"strings"

	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// address is which instance is spoken to, and as whom.
type address struct {
	region   string
	instance string // its ARN
	store    string // the identity store's id
	role     string // ARN of the role to assume
	account  string // of the role

	partition string
	suffix    string   // of AWS's host names
	base      *url.URL // where an emulator answers for every service; nil: AWS itself
}

var (
	hostForm     = regexp.MustCompile(`^sso\.([a-z]{2}(?:-[a-z]+){1,3}-\d)\.(amazonaws\.com(?:\.cn)?)$`)
	instanceForm = regexp.MustCompile(`^(?:sso)?ins-[a-zA-Z0-9.-]{16}$`)
	storeForm    = regexp.MustCompile(`^(?:d-[0-9a-f]{10}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)
	roleForm     = regexp.MustCompile(`^arn:(aws|aws-cn|aws-us-gov):iam::(\d{12}):role/` + RolePrefix + `[\w+=,.@-]{0,40}$`)
)

// RolePrefix begins the name of every role that may be assumed: functions may assume no other.
const RolePrefix = names.AssumedRoles

// emulated is the region of an emulator, whose host names none.
const emulated = "us-east-1"

// parseAddress reads an address as an administrator typed it. Everything that says where a
// credential goes, and as whom, is part of it: whoever changes that gives the credential again (A20).
func parseAddress(text string, private bool) (address, error) {
	const wrong = "url must look like https://sso.eu-central-1.amazonaws.com/ssoins-0123456789abcdef/d-0123456789/arn:aws:iam::111122223333:role/" + RolePrefix +
		": the region's host, the instance's id, the identity store's id, and the role to assume, whose name begins with " + RolePrefix + "."

	u, err := outbound.ParseURL(text, private)
	if err != nil {
		return address{}, entitlement.Errorf(entitlement.Invalid, wrong)
	}
	parts := strings.SplitN(strings.TrimPrefix(u.Path, "/"), "/", 3)
	host := hostForm.FindStringSubmatch(u.Host)
	if len(parts) != 3 || u.RawPath != "" || host == nil && !private || !instanceForm.MatchString(parts[0]) || !storeForm.MatchString(parts[1]) {
		return address{}, entitlement.Errorf(entitlement.Invalid, wrong)
	}
	role := roleForm.FindStringSubmatch(parts[2])
	if role == nil {
		return address{}, entitlement.Errorf(entitlement.Invalid, wrong)
	}

	at := address{region: emulated, store: parts[1], role: parts[2], account: role[2], partition: role[1], instance: "arn:" + role[1] + ":sso:::instance/" + parts[0]}
	if host == nil {
		at.base = &url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/"}
		return at, nil
	}
	at.region, at.suffix = host[1], host[2]
	if (at.partition == "aws-cn") != (at.suffix == "amazonaws.com.cn") || (at.partition == "aws-us-gov") != strings.HasPrefix(at.region, "us-gov-") {
		return address{}, entitlement.Errorf(entitlement.Invalid, "url names a region and a role of different partitions of AWS.")
	}
	return at, nil
}

// service is one of AWS's services that is called.
type service struct {
	host, signs string // "": as host
	target      string // before the name of a call
}

var (
	identityStore = service{host: "identitystore", signs: "identitystore", target: "AWSIdentityStore."}
	ssoAdmin      = service{host: "sso", signs: "sso", target: "SWBExternalService."}
	organizations = service{host: "organizations", signs: "organizations", target: "AWSOrganizationsV20161128."}
	sts           = service{host: "sts", signs: "sts"}
)

// homes are the regions of Organizations, of which each partition has one.
var homes = map[string]string{"aws": "us-east-1", "aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-west-1"}

// endpoint is where a service is called, and for which region calls are signed.
func (a address) endpoint(s service) (address, region string) {
	region = a.region
	if a.base != nil {
		return a.base.String(), region
	}
	if s == organizations {
		region = homes[a.partition]
	}
	return "https://" + s.host + "." + region + "." + a.suffix + "/", region
}

// permissionSetForm is a permission set of any instance.
var permissionSetForm = regexp.MustCompile(`^arn:aws[a-z-]*:sso:::permissionSet/((?:sso)?ins-[a-zA-Z0-9.-]{16})/(ps-[a-zA-Z0-9./-]{16})$`)

// isPermissionSet reports a permission set of the instance.
func (a address) isPermissionSet(arn string) bool {
	found := permissionSetForm.FindStringSubmatch(arn)
	return found != nil && strings.HasSuffix(a.instance, "/"+found[1])
}

var (
	accountForm = regexp.MustCompile(`^\d{12}$`)
	objectForm  = regexp.MustCompile(`^(?:[0-9a-f]{10}-)?[A-Fa-f0-9]{8}(?:-[A-Fa-f0-9]{4}){3}-[A-Fa-f0-9]{12}$`)
)

// isAccount and isObject report the id of an AWS account, and of a user, a group or a membership.
func isAccount(id string) bool { return accountForm.MatchString(id) }
func isObject(id string) bool  { return objectForm.MatchString(id) }
