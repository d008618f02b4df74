package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
)

// need says how it is known that a condition is needed.
type need struct {
	// run is the first run of the simulator that noticed it dropped when a thousand were last
	// tried, of some three thousand: make conditions tries them anew. Zero is none.
	run int
	// both is the first run that noticed it dropped along with firstOfItsNumber, where none
	// noticed it dropped alone.
	both int
	// test is what fails without it: a scenario of the suite of all stores, or a test of
	// package dynamo.
	test string
	// with is the other condition of the same transaction that implies it: the test fails
	// where both are dropped.
	with string
	// why a condition that another one implies stays.
	why string
}

// firstOfItsNumber is the condition on an event. Whoever writes an aggregate of a version that
// is no more writes an event of a number that is taken, so that the two cover each other.
const firstOfItsNumber = "Put EV EV: attribute_not_exists(pk)"

// needs are all conditions of all writes, by name: what is done to which sort of item, and
// the text.
var needs = map[string]need{
	"Put CFG FIGURES: attribute_not_exists(pk)":                        {test: "Figures: only the version that was read is changed or erased, and every member comes back"},
	"Put CFG FIGURES: v = ?":                                           {test: "Figures: only the version that was read is changed or erased, and every member comes back"},
	"Delete CFG FIGURES: v = ?":                                        {test: "Figures: only the version that was read is changed or erased, and every member comes back"},
	"Put CFG SETTINGS: attribute_not_exists(pk)":                       {test: "Settings: only the version that was read is changed or erased, and every member comes back"},
	"Put CFG SETTINGS: v = ?":                                          {test: "Settings: only the version that was read is changed or erased, and every member comes back"},
	"Delete CFG SETTINGS: v = ?":                                       {test: "Settings: only the version that was read is changed or erased, and every member comes back"},
	"Put SES SES: attribute_not_exists(pk)":                            {test: "Session: only the version that was read is changed or erased, and every member comes back"},
	"Put SES SES: v = ?":                                               {test: "Session: only the version that was read is changed or erased, and every member comes back"},
	"Delete SES SES: v = ?":                                            {test: "Session: only the version that was read is changed or erased, and every member comes back"},
	"Put SES FILE: attribute_not_exists(pk)":                           {test: "Session file: only the version that was read is changed or erased, and every member comes back"},
	"Put SES FILE: v = ?":                                              {test: "Session file: only the version that was read is changed or erased, and every member comes back"},
	"Delete SES FILE: v = ?":                                           {test: "Session file: only the version that was read is changed or erased, and every member comes back"},
	"Delete PKG LOOK: v = ?":                                           {test: "Impact job: only the version that was read is changed or erased, and every member comes back"},
	"Delete PKG SEEN: v = ?":                                           {test: "People of an impact job: only the version that was read is changed or erased, and every member comes back"},
	"Put PKG LOOK: attribute_not_exists(pk)":                           {test: "Impact job: only the version that was read is changed or erased, and every member comes back"},
	"Put PKG LOOK: v = ?":                                              {test: "Impact job: only the version that was read is changed or erased, and every member comes back"},
	"Put PKG SEEN: attribute_not_exists(pk)":                           {test: "People of an impact job: only the version that was read is changed or erased, and every member comes back"},
	"Put PKG SEEN: v = ?":                                              {test: "People of an impact job: only the version that was read is changed or erased, and every member comes back"},
	"Put CAT CHG: attribute_not_exists(pk)":                            {test: "Impact change: only the version that was read is changed or erased, and every member comes back"},
	"Put CAT CHG: v = ?":                                               {test: "Impact change: only the version that was read is changed or erased, and every member comes back"},
	"Delete CAT CHG: v = ?":                                            {test: "Impact change: only the version that was read is changed or erased, and every member comes back"},
	"ConditionCheck PKG GUARD: attribute_not_exists(wat)":              {test: "A4: a watch is held where no request came, and lifted by one that comes"},
	"Update PKG GUARD: wat = ?":                                        {test: "A4: a watch is held where no request came, and lifted by one that comes"},
	"ConditionCheck SUB RECORD: gen = ?":                               {test: "A4: a change is refused where a record, a place in a package or a list of roles has moved"},
	"ConditionCheck PKG SCOPES: v = ?":                                 {test: "A4: a change is refused where a record, a place in a package or a list of roles has moved"},
	"ConditionCheck PKG ASG: v = ?":                                    {test: "A4: a change is refused where a record, a place in a package or a list of roles has moved"},
	"ConditionCheck SUB RECORD: attribute_not_exists(pk)":              {test: "A4: a change is refused where there is by now what was not there"},
	"ConditionCheck PKG SCOPES: attribute_not_exists(pk)":              {test: "A4: a change is refused where there is by now what was not there"},
	"ConditionCheck PKG ASG: attribute_not_exists(pk)":                 {test: "A4: a change is refused where there is by now what was not there"},
	"Put PKG PACE: attribute_not_exists(pk)":                           {test: "Pace: only the version that was read is changed or erased, and every member comes back"},
	"Put PKG PACE: v = ?":                                              {test: "Pace: only the version that was read is changed or erased, and every member comes back"},
	"Delete PKG PACE: v = ?":                                           {test: "Pace: only the version that was read is changed or erased, and every member comes back"},
	"Put CFG PACE: attribute_not_exists(pk)":                           {test: "PaceWalk: only the version that was read is changed or erased, and every member comes back"},
	"Put CFG PACE: v = ?":                                              {test: "PaceWalk: only the version that was read is changed or erased, and every member comes back"},
	"Delete CFG PACE: v = ?":                                           {test: "PaceWalk: only the version that was read is changed or erased, and every member comes back"},
	"Put CON DRIFT: attribute_not_exists(pk)":                          {test: "DriftScan: only the version that was read is changed or erased, and every member comes back"},
	"Put CON DRIFT: v = ?":                                             {test: "DriftScan: only the version that was read is changed or erased, and every member comes back"},
	"Delete CON DRIFT: v = ?":                                          {test: "DriftScan: only the version that was read is changed or erased, and every member comes back"},
	"Put CON DRIFTF: attribute_not_exists(pk)":                         {test: "DriftFinding: only the version that was read is changed or erased, and every member comes back"},
	"Put CON DRIFTF: v = ?":                                            {test: "DriftFinding: only the version that was read is changed or erased, and every member comes back"},
	"Delete CON DRIFTF: v = ?":                                         {test: "DriftFinding: only the version that was read is changed or erased, and every member comes back"},
	"Put CON DRIFTS: attribute_not_exists(pk)":                         {test: "DriftSeen: only the version that was read is changed or erased, and every member comes back"},
	"Put CON DRIFTS: v = ?":                                            {test: "DriftSeen: only the version that was read is changed or erased, and every member comes back"},
	"Delete CON DRIFTS: v = ?":                                         {test: "DriftSeen: only the version that was read is changed or erased, and every member comes back"},
	"Put CFG DRIFT: attribute_not_exists(pk)":                          {test: "DriftWalk: only the version that was read is changed or erased, and every member comes back"},
	"Put CFG DRIFT: v = ?":                                             {test: "DriftWalk: only the version that was read is changed or erased, and every member comes back"},
	"Delete CFG DRIFT: v = ?":                                          {test: "DriftWalk: only the version that was read is changed or erased, and every member comes back"},
	"Put ORG ORG: attribute_not_exists(pk)":                            {test: "Organization: only the version that was read is changed or erased, and every member comes back"},
	"Put ORG ORG: v = ?":                                               {test: "TestOfTwoWritersOfOneVersionOneIsRefused/an organization"},
	"Delete ORG ORG: v = ?":                                            {test: "TestOfTwoWritersOfOneVersionOneIsRefused/an organization that is erased"},
	"Put CAT EXT: attribute_not_exists(pk)":                            {test: "Extension: only the version that was read is changed or erased, and every member comes back"},
	"Put CAT EXT: v = ?":                                               {test: "Extension: only the version that was read is changed or erased, and every member comes back"},
	"Delete CAT EXT: v = ?":                                            {test: "Extension: only the version that was read is changed or erased, and every member comes back"},
	"ConditionCheck GRP GRP: attribute_exists(pk)":                     {test: "A reference holds to who and what is there, and moves nothing"},
	"ConditionCheck GRP GRP: attribute_not_exists(del)":                {test: "A reference to a group that is being deleted leaves nothing"},
	"ConditionCheck GRP M: attribute_exists(pk)":                       {test: "A reference holds to who and what is there, and moves nothing"},
	"ConditionCheck PKG GUARD: NOT contains(gon, ?)":                   {run: 42, test: "S7: a closed policy refuses the guards that name it only"},
	"ConditionCheck PKG GUARD: attribute_not_exists(cls)":              {run: 98, test: "S7: a closed package refuses every guard, whoever asks, until it is opened"},
	"ConditionCheck SUB USR: NOT contains(grp, ?)":                     {run: 2367, test: "S18: a package does not become live for a member of an incompatible group"},
	"ConditionCheck SUB USR: attribute_exists(pk)":                     {test: "S10: a change with a reference to nobody leaves nothing"},
	"ConditionCheck SUB USR: attribute_not_exists(del)":                {test: "S10: a change with a reference to a user who was deleted leaves nothing"},
	"Delete CAT CAT: v = ?":                                            {test: "Catalog: only the version that was read is changed or erased, and every member comes back"},
	"Delete CAT ORI: i = ?":                                            {test: "TestANameThatSomebodyElseTookMeanwhileIsNotFreed/an origin", with: "Put CAT RES: v = ?", why: "An origin is freed by its holder alone, however wrong what was read of that is."},
	"Delete CAT RES: v = ?":                                            {test: "TestOfTwoWritersOfOneVersionOneIsRefused/a resource that is erased"},
	"Delete CON RATE: v = ?":                                           {test: "RateLease: only the version that was read is changed or erased, and every member comes back"},
	"Put CON RATE: attribute_not_exists(pk)":                           {test: "RateLease: only the version that was read is changed or erased, and every member comes back"},
	"Put CON RATE: v = ?":                                              {test: "RateLease: only the version that was read is changed or erased, and every member comes back"},
	"Delete CON ACC: v = ?":                                            {test: "AccountUse: only the version that was read is changed or erased, and every member comes back"},
	"Put CON ACC: attribute_not_exists(pk)":                            {test: "AccountUse: only the version that was read is changed or erased, and every member comes back"},
	"Put CON ACC: v = ?":                                               {test: "AccountUse: only the version that was read is changed or erased, and every member comes back"},
	"Delete CON BREAK: v = ?":                                          {test: "Breaker: only the version that was read is changed or erased, and every member comes back"},
	"Delete CON CON: v = ?":                                            {test: "Connector: only the version that was read is changed or erased, and every member comes back"},
	"Delete CON RES: v = ?":                                            {test: "TargetResource: only the version that was read is changed or erased, and every member comes back"},
	"Delete GRP GRP: v = ?":                                            {test: "Group: only the version that was read is changed or erased, and every member comes back"},
	"Delete GRP M: attribute_exists(pk)":                               {test: "A membership is made once and ended once, and moves its user's version"},
	"Delete GRP O: attribute_exists(pk)":                               {test: "An ownership is made once and ended once"},
	"Delete NAME NAME: i = ?":                                          {test: "TestANameThatSomebodyElseTookMeanwhileIsNotFreed/a userPrincipalName", with: "Put SUB USR: v = ?", why: "A name is freed by its holder alone, however wrong what was read of that is."},
	"Delete PKG ASG: v = ?":                                            {run: 506, test: "Slot: only the version that was read is changed or erased, and every member comes back"},
	"Delete PKG JOB: v = ?":                                            {test: "Job: only the version that was read is changed or erased, and every member comes back"},
	"Delete PKG PKG: v = ?":                                            {both: 473, test: "Package: only the version that was read is changed or erased, and every member comes back"},
	"Delete PKG RINC: attribute_exists(pk)":                            {test: "An entry of a list is made once and ended once"},
	"Delete PKG SCOPES: v = ?":                                         {test: "Scopes: only the version that was read is changed or erased, and every member comes back"},
	"Delete POL POL: v = ?":                                            {both: 602, test: "TestOfTwoWritersOfOneVersionOneIsRefused/a policy that is erased"},
	"Delete POL T: v < ?":                                              {test: "TestAPolicyIsFoundByThoseItNamesWhateverComesLate"},
	"Delete PRINC PRINC: i = ?":                                        {test: "TestANameThatSomebodyElseTookMeanwhileIsNotFreed/a principal", with: "Put SUB USR: v = ?", why: "Who may sign in as whom is unbound by its holder alone, however wrong what was read of that is."},
	"Delete REQ ASG: v = ?":                                            {test: "Ended assignment: only the version that was read is changed or erased, and every member comes back"},
	"Delete REQ REQ: v = ?":                                            {test: "Request: only the version that was read is changed or erased, and every member comes back"},
	"Delete SUB ABSENCE: v = ?":                                        {test: "Only the version of an absence that was read is changed or erased"},
	"Delete SUB USR: v = ?":                                            {test: "TestOfTwoWritersOfOneVersionOneIsRefused/a user that is erased"},
	"Put CAT CAT: attribute_not_exists(pk)":                            {test: "Catalog: only the version that was read is changed or erased, and every member comes back"},
	"Put CAT CAT: v = ?":                                               {run: 371, test: "Catalog: only the version that was read is changed or erased, and every member comes back"},
	"Put CAT ORI: attribute_not_exists(pk)":                            {test: "An origin is taken once within a catalog and connector, until its resource moves or goes"},
	"Put CAT RES: attribute_not_exists(pk)":                            {test: "Resource: only the version that was read is changed or erased, and every member comes back"},
	"Put CAT RES: v = ?":                                               {test: "TestOfTwoWritersOfOneVersionOneIsRefused/a resource"},
	"Put CFG PAGEKEY: attribute_not_exists(pk)":                        {test: "TestOfTwoProcessesThatMakeTheSigningKeyOneDoes"},
	"Put CON BREAK: attribute_not_exists(pk)":                          {run: 149, test: "Breaker: only the version that was read is changed or erased, and every member comes back"},
	"Put CON BREAK: v = ?":                                             {run: 901, test: "Breaker: only the version that was read is changed or erased, and every member comes back"},
	"Put CON CON: attribute_not_exists(pk)":                            {test: "Connector: only the version that was read is changed or erased, and every member comes back"},
	"Put CON CON: v = ?":                                               {test: "Connector: only the version that was read is changed or erased, and every member comes back"},
	"Put CON RES: attribute_not_exists(pk)":                            {test: "TargetResource: only the version that was read is changed or erased, and every member comes back"},
	"Put CON RES: v = ?":                                               {run: 149, test: "TargetResource: only the version that was read is changed or erased, and every member comes back"},
	"Put EV EV: attribute_not_exists(pk)":                              {test: "S10: an event number of an aggregate is written once"},
	"Put GRP GRP: attribute_not_exists(pk)":                            {test: "Group: only the version that was read is changed or erased, and every member comes back"},
	"Put GRP GRP: v = ?":                                               {test: "Group: only the version that was read is changed or erased, and every member comes back"},
	"Put GRP M: attribute_not_exists(pk)":                              {test: "A membership is made once and ended once, and moves its user's version"},
	"Put GRP O: attribute_not_exists(pk)":                              {test: "An ownership is made once and ended once"},
	"Put NAME NAME: attribute_not_exists(pk)":                          {run: 5, test: "A userPrincipalName is taken once, in any case, until its user is renamed or erased"},
	"Put PKG ASG: attribute_not_exists(pk)":                            {run: 5, test: "S5: of fifty submissions for one person and package, one goes through"},
	"Put PKG ASG: v = ?":                                               {run: 884, test: "Slot: only the version that was read is changed or erased, and every member comes back"},
	"Put PKG FORMER: attribute_not_exists(pk)":                         {test: "R244: of a package that is gone its name is kept, and of others nothing", with: "Delete PKG PKG: v = ?", why: "Whatever is new is put by the same code."},
	"Put PKG JOB: attribute_not_exists(pk)":                            {test: "Job: only the version that was read is changed or erased, and every member comes back"},
	"Put PKG JOB: v = ?":                                               {test: "Job: only the version that was read is changed or erased, and every member comes back"},
	"Put PKG PKG: attribute_not_exists(pk)":                            {test: "Package: only the version that was read is changed or erased, and every member comes back"},
	"Put PKG PKG: v = ?":                                               {both: 15, test: "Package: only the version that was read is changed or erased, and every member comes back"},
	"Put PKG RINC: attribute_not_exists(pk)":                           {test: "An entry of a list is made once and ended once"},
	"Put PKG SCOPES: attribute_not_exists(pk)":                         {test: "Scopes: only the version that was read is changed or erased, and every member comes back"},
	"Put PKG SCOPES: v = ?":                                            {test: "Scopes: only the version that was read is changed or erased, and every member comes back"},
	"Put POL POL: attribute_not_exists(pk)":                            {test: "Policy: only the version that was read is changed or erased, and every member comes back"},
	"Put POL POL: v = ?":                                               {both: 23, test: "TestOfTwoWritersOfOneVersionOneIsRefused/a policy"},
	"Put PRINC PRINC: attribute_not_exists(pk)":                        {test: "A principal is bound to one user until it is unbound or the user is erased"},
	"Put REQ ASG: attribute_not_exists(pk)":                            {test: "Ended assignment: only the version that was read is changed or erased, and every member comes back"},
	"Put REQ ASG: v = ?":                                               {both: 56, test: "Ended assignment: only the version that was read is changed or erased, and every member comes back"},
	"Put REQ REQ: attribute_not_exists(pk)":                            {test: "S12: of fifty commands under one key, one goes through, and its request keeps its fingerprint for good"},
	"Put REQ REQ: v = ?":                                               {both: 6, test: "Request: only the version that was read is changed or erased, and every member comes back"},
	"Put SUB ABSENCE: v = ?":                                           {run: 11, test: "Only the version of an absence that was read is changed or erased"},
	"Put SUB BY: attribute_not_exists(pk)":                             {test: "A request for somebody else is made once, with what lists it for who asked", with: "Put REQ REQ: attribute_not_exists(pk)", why: "Whatever is new is put by the same code."},
	"Put SUB GRANTS: tok = ?":                                          {run: 284, test: "S14: a grant set is recorded under its claim only, and the claim ends with it"},
	"Put SUB USR: attribute_not_exists(pk)":                            {test: "User: only the version that was read is changed or erased, and every member comes back"},
	"Put SUB USR: v = ?":                                               {both: 31, test: "TestOfTwoWritersOfOneVersionOneIsRefused/a user"},
	"Update ASET G: (attribute_not_exists(ttl) OR ttl < ?)":            {test: "TestAnApproverSetLivesAsLongAsTheLastRequestThatNeedsIt"},
	"Update ASET U: (attribute_not_exists(ttl) OR ttl < ?)":            {test: "TestAnApproverSetLivesAsLongAsTheLastRequestThatNeedsIt"},
	"Update POL T: (attribute_not_exists(v) OR v < ?)":                 {run: 168, test: "TestAPolicyIsFoundByThoseItNamesWhateverComesLate"},
	"Update SUB GRANTS: (attribute_not_exists(tok) OR unt <= ?)":       {test: "S14: a grant set is claimed by one worker until its lease ends, then displaced"},
	"Update SUB RECORD: (attribute_not_exists(liv) OR size(liv) <= ?)": {test: "S21: a person holds at most MaxLive packages"},
	"Update SUB RECORD: (attribute_not_exists(rmv) OR size(rmv) <= ?)": {test: "F38: whoever is owed MaxRemoving removals gets nothing new, and loses whatever ends"},
	"Update SUB RECORD: (attribute_not_exists(stl) OR stl < ?)":        {test: "S22: what is settled is not owed again by a worker that knows less"},
	"Update SUB RECORD: NOT contains(liv, ?)":                          {test: "S18: a package does not become live while an incompatible one is, one way"},
	"Update SUB RECORD: attribute_not_exists(off)":                     {test: "Who is disabled is given nothing until enabled again, and keeps what is held"},
	"Update SUB RECORD: contains(liv, ?)":                              {test: "A package that is not live is neither removed nor redelivered"},
	"Update SUB RECORD: gen = ?":                                       {run: 3, test: "S14: a settlement against another generation records nothing"},
	"Update SUB USR: (attribute_not_exists(grp) OR size(grp) <= ?)":    {test: "S21: a user is written into no more groups than one may be in"},
	"Update SUB USR: attribute_exists(pk)":                             {test: "A membership of somebody unknown is refused"},

	"Delete CAT ROLE: v = ?":                 {test: "Role in a catalog: only the version that was read is changed or erased, and every member comes back"},
	"Delete CFG ROLE: v = ?":                 {test: "Role in the whole organisation: only the version that was read is changed or erased, and every member comes back"},
	"Put CAT ROLE: attribute_not_exists(pk)": {test: "Role in a catalog: only the version that was read is changed or erased, and every member comes back"},
	"Put CAT ROLE: v = ?":                    {test: "Role in a catalog: only the version that was read is changed or erased, and every member comes back"},
	"Put CFG ROLE: attribute_not_exists(pk)": {test: "Role in the whole organisation: only the version that was read is changed or erased, and every member comes back"},
	"Put CFG ROLE: v = ?":                    {test: "Role in the whole organisation: only the version that was read is changed or erased, and every member comes back"},

	"Update GRP GRP: attribute_exists(pk)":                 {test: "S17: a group that is not there, or is being deleted, is given no role"},
	"Update GRP GRP: attribute_not_exists(del)":            {test: "S17: a group that is not there, or is being deleted, is given no role"},
	"Update POL NAMED: (attribute_not_exists(v) OR v < ?)": {test: "TestAnOrganizationIsNamedByItsPolicyWhateverComesLate"},
	"Delete POL NAMED: v < ?":                              {test: "TestAnOrganizationIsNamedByItsPolicyWhateverComesLate"},
	"ConditionCheck GRP GRP: v = ?":                        {test: "S17: what was decided on the roles of a group does not outlive one that it is given"},
}

// fails tells whether the test fails where conditions are dropped. binary is the test program
// of package dynamo.
func (n need) fails(ctx context.Context, binary string, waived ...string) (bool, error) {
	out, err := exec.CommandContext(ctx, binary, "-table.waive", strings.Join(waived, ";"), "-test.run", n.pattern(), "-test.v", "-test.timeout", "1m").CombinedOutput()
	if !bytes.Contains(out, []byte("=== RUN")) {
		return false, fmt.Errorf("there is no test %q: %w\n%s", n.test, err, tail(out))
	}
	return err != nil, nil
}

// pattern is what the test is chosen by.
func (n need) pattern() string {
	path := []string{"TestStore", n.test}
	if strings.HasPrefix(n.test, "Test") {
		path = strings.Split(n.test, "/")
	}
	for i, part := range path {
		path[i] = "^" + regexp.QuoteMeta(strings.ReplaceAll(part, " ", "_")) + "$"
	}
	return strings.Join(path, "/")
}
