package webhook

// The verbs of the contract.
const (
	verbDescribe  = "describe"
	verbResources = "listResources"
	verbPrincipal = "lookupPrincipal"
	verbApply     = "apply"
	verbRead      = "read"
)

// question is the body of a request. Which fields there are depends on the verb.
type question struct {
	Verb     string   `json:"verb"`
	Resource string   `json:"resource,omitempty"` // listResources: this one alone
	Role     string   `json:"role,omitempty"`
	Search   string   `json:"search,omitempty"`
	Key      string   `json:"key,omitempty"` // of entitlement.CorrelateBy
	Values   []string `json:"values,omitempty"`
	Changes  []change `json:"changes,omitempty"`
	Among    []string `json:"among,omitempty"`
	Limit    int      `json:"limit,omitempty"`
	Cursor   string   `json:"cursor,omitempty"`
}

// change is what is to be made true of one person.
type change struct {
	Do        string `json:"do"`
	Principal string `json:"principal"`
}

// What a change does.
const (
	doGrant  = "grant"
	doRevoke = "revoke"
)

// answer is the body of an answer. It repeats the verb, and where it is about a role, the
// resource and the role.
type answer struct {
	Verb     string `json:"verb"`
	Error    string `json:"error"` // why the whole question is refused
	Resource string `json:"resource"`
	Role     string `json:"role"`

	Name     string `json:"name"`
	MaxBatch int    `json:"maxBatch"`

	Resources []offered `json:"resources"`
	Found     []found   `json:"found"`
	Results   []result  `json:"results"`
	Members   []string  `json:"members"`
	Next      string    `json:"next"` // cursor of the next page; "" at the end
}

// offered is a resource as the target names it.
type offered struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Reason      string `json:"reason"` // why it cannot be given
	Roles       []struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"roles"`
}

// found are the accounts that have a value.
type found struct {
	Value string   `json:"value"`
	IDs   []string `json:"ids"`
}

// result is what became of one change.
type result struct {
	change
	Status     string `json:"status"`
	Reason     string `json:"reason"`
	RetryAfter int    `json:"retryAfter"` // seconds
}

// What becomes of a change.
const (
	statusDone    = "done"    // or it was so already
	statusPending = "pending" // accepted, and to be seen when read back
	statusMissing = "principal-missing"
	statusRefused = "refused" // asking again gives the same answer
	statusRetry   = "retry"
)

// Why a question as a whole is refused.
const (
	errorResource = "resource-missing"
	errorRole     = "role-missing"
)
