package identitycenter

// member names a person, as Identity Store writes one.
type member struct{ UserId string }

// inStore are what most calls of Identity Store name.
type inStore struct {
	IdentityStoreId string
	GroupId         string   `json:",omitempty"`
	UserId          string   `json:",omitempty"`
	MemberId        *member  `json:",omitempty"`
	MembershipId    string   `json:",omitempty"`
	GroupIds        []string `json:",omitempty"`

	AlternateIdentifier *alternate `json:",omitempty"`

	MaxResults int    `json:",omitempty"`
	NextToken  string `json:",omitempty"`
}

// alternate is by what a user is looked up: one of the two.
type alternate struct {
	UniqueAttribute *attribute  `json:",omitempty"`
	ExternalId      *externalID `json:",omitempty"`
}

type attribute struct{ AttributePath, AttributeValue string }

type externalID struct{ Issuer, Id string }

// group and user are those as Identity Store shows them.
type group struct {
	IdentityStoreId, GroupId, DisplayName, Description string
	ExternalIds                                        []externalID
}

type user struct {
	IdentityStoreId, UserId, UserName string
	UserType, UserStatus              string
	Emails                            []struct{ Value string }
	ExternalIds                       []externalID
}

// newUser is what a user is made with.
type newUser struct {
	IdentityStoreId, UserName, DisplayName, UserType string
	Name                                             userName
	Emails                                           []userEmail `json:",omitempty"`
}

type userName struct{ GivenName, FamilyName string }

type userEmail struct {
	Value, Type string
	Primary     bool
}

// membership is one person's in one group.
type membership struct {
	IdentityStoreId, MembershipId, GroupId string
	MemberId                               member
}

// inInstance are what calls of the instance name.
type inInstance struct {
	InstanceArn      string
	PermissionSetArn string `json:",omitempty"`
	AccountId        string `json:",omitempty"`
	TargetId         string `json:",omitempty"`
	TargetType       string `json:",omitempty"`
	PrincipalId      string `json:",omitempty"`
	PrincipalType    string `json:",omitempty"`

	Filter *accountFilter `json:",omitempty"`

	AccountAssignmentCreationRequestId string `json:",omitempty"`
	AccountAssignmentDeletionRequestId string `json:",omitempty"`

	MaxResults int    `json:",omitempty"`
	NextToken  string `json:",omitempty"`
}

type accountFilter struct{ AccountId string }

// assignment is one principal's, of one permission set on one account.
type assignment struct{ AccountId, PermissionSetArn, PrincipalId, PrincipalType string }

// progress is how far a change of an assignment is.
type progress struct{ Status, RequestId, FailureReason, TargetId, PermissionSetArn, PrincipalId string }

// progressed is an answer that tells of one.
type progressed struct{ AccountAssignmentCreationStatus, AccountAssignmentDeletionStatus *progress }

// account is an account as Organizations shows it.
type account struct{ Id, Name, Status, State string }

// What the calls write.
const (
	isUser     = "USER"
	onAccounts = "AWS_ACCOUNT"
	pageSize   = 100
)
