package names

import "slices"

// Access is a set of what may be done with a part of the stack.
type Access uint16

// What may be done.
const (
	Read    Access = 1 << iota // of the table: by key
	Search                     // of the table: its first index, by what belongs to what
	Write                      // of the table: the families of keys in Uses.Writes
	Delete                     // of a credential
	Check                      // of the table: conditions on what a transaction does not write
	Order                      // of the table: its second index, by time and in lists
	History                    // of the table: its third and fourth index, events by whom and when
	Recent                     // of the table: its fourth index alone, all events by when
	Offered                    // of the table: its fifth index, packages that people may ask for, who reports to whom, whose delivery fails
)

// Uses is all that a function's own code touches of the stack, beside the queues of its
// trigger. It is said here and nowhere else: the role allows it, the environment names it,
// the wiring builds clients for it and for nothing more. A test records what the functions
// call, and fails on a call that is not listed and on an entry that nobody calls.
type Uses struct {
	Table     Access   // Read, Search, Order, Write, Check, History, Recent, Offered
	Writes    []Family // of keys of the table
	Send      []string // ids of the queues that it sends to
	Secrets   Access   // of the credentials of connectors: Read, Write, Delete
	Files     Access   // of exports: Read, Write
	SignsIn   bool     // reads what proves to issuers that it is the pages
	Parked    bool     // counts the messages in every dead-letter queue
	Assumes   bool     // roles of the accounts of targets, named AssumedRoles and whatever follows
	Invokes   bool     // functions that are targets, named InvokedTargets and whatever follows
	Federates bool     // shows who it is to those who trust the account: to TokenAudiences
	Calls     []string // ids of the functions that it calls, and waits for
}

// Env returns the environment that the function is given and that config.Load demands.
func (f Function) Env() []EnvKey {
	if f.OfVPC() {
		// It is the same code, and is told what its counterpart is told.
		f, _ = FindFunction(f.Code())
	}
	var keys []EnvKey

	if f.Uses.Table != 0 {
		keys = append(keys, EnvTable)
	}

	for _, queues := range [][]Queue{Queues, VPCQueues} {
		for _, q := range queues {
			if f.Sends(q.ID) || f.Drains(q.ID) {
				keys = append(keys, q.Env)
			}
		}
	}

	if f.Uses.Files != 0 {
		keys = append(keys, EnvBucket)
	}

	if f.Trigger.API {
		keys = append(keys, EnvIssuers)
		if slices.Contains(f.Uses.Writes, FamilyPrincipal) { // it can bind a sign-in to a user
			keys = append(keys, EnvFirstAdmin)
		}
		keys = append(keys, EnvPublicURL)
	}

	if f.Uses.Secrets != 0 {
		keys = append(keys, EnvSecretPath)
	}
	if f.Uses.Secrets&Read != 0 { // it calls targets
		keys = append(keys, EnvInternal)
	}
	if f.Uses.Secrets&Read != 0 || slices.Contains(f.Uses.Calls, TargetsVPC) {
		keys = append(keys, EnvNetwork)
	}

	if f.Uses.SignsIn {
		keys = append(keys, EnvSignInPath)
	}

	if f.Trigger.API || f.Uses.Secrets != 0 { // it fetches the issuers' keys, or calls targets
		keys = append(keys, EnvEmulated)
	}

	return keys
}

// Sends tells whether the function sends to the queue.
func (f Function) Sends(queue string) bool { return slices.Contains(f.Uses.Send, queue) }

// Drains tells whether the function is started by the queue's messages.
func (f Function) Drains(queue string) bool { return slices.Contains(f.Trigger.Queues, queue) }

// Part is a kind of resource that a right is for.
type Part string

// Parts of the stack.
const (
	PartTable  Part = "table"
	PartIndex  Part = "index" // of the table
	PartQueue  Part = "queue"
	PartSecret Part = "secret" // the credential of any connector
	PartSignIn Part = "client" // the pages' own secret at any issuer
	PartLog    Part = "log"    // the function's own

	PartFunction Part = "function" // another one
	PartFiles    Part = "files"    // exports, in the bucket
	PartTarget   Part = "target"   // a function that is one
	PartNetwork  Part = "network"  // interfaces in the VPC, which Lambda makes for the function
	PartRole     Part = "role"     // of another account, for functions to call a target there
	PartIdentity Part = "identity" // the function's own, signed for those whom it is shown to
)

// Right is what a function's role allows on one resource, in IAM's words. It is used or not
// as a whole: which actions a commit takes depends on what it finds, not on who makes it. A
// transaction is allowed by the actions of its parts.
type Right struct {
	Part    Part
	ID      string // of the index, queue or function
	Actions []string
	Leading []Family // of the table: the partitions that it is limited to; none means all

	Audiences []string // of an identity: to whom it may be shown

	// Lambda itself does it in the role's name, as our code never does.
	ByLambda bool
}

var (
	readTable  = []string{"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}
	writeTable = []string{"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
	checkTable = "dynamodb:ConditionCheckItem" // changes nothing
	putEvents  = "dynamodb:PutItem"            // on the condition that there is none: that is S11's to find
	drain      = []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
	joinVPC    = []string{"ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"}
	writeLog   = []string{"logs:CreateLogStream", "logs:PutLogEvents"}
)

// Rights returns everything that the function's role allows.
func (f Function) Rights() []Right {
	rights := []Right{{Part: PartLog, Actions: writeLog, ByLambda: true}}

	if f.OfVPC() {
		rights = append(rights, Right{Part: PartNetwork, Actions: joinVPC, ByLambda: true})
	}

	grant := func(granted bool, part Part, id string, actions ...string) {
		if granted {
			rights = append(rights, Right{Part: part, ID: id, Actions: actions})
		}
	}

	grant(f.Uses.Table&Read != 0, PartTable, "", readTable...)
	grant(f.Uses.Table&Search != 0, PartIndex, Index1, "dynamodb:Query")
	grant(f.Uses.Table&Order != 0, PartIndex, Index2, "dynamodb:Query")
	grant(f.Uses.Table&History != 0, PartIndex, Index3, "dynamodb:Query")
	grant(f.Uses.Table&(History|Recent) != 0, PartIndex, Index4, "dynamodb:Query")
	grant(f.Uses.Table&Offered != 0, PartIndex, Index5, "dynamodb:Query")

	// Events are put and never changed, so their family has a right of its own.
	if f.Uses.Table&Write != 0 {
		changed := slices.DeleteFunc(slices.Clone(f.Uses.Writes), func(w Family) bool { return w == FamilyEvent })
		rights = append(rights, Right{Part: PartTable, Actions: writeTable, Leading: changed})
		if len(changed) < len(f.Uses.Writes) {
			rights = append(rights, Right{Part: PartTable, Actions: []string{putEvents}, Leading: []Family{FamilyEvent}})
		}
	}

	grant(f.Uses.Table&Check != 0, PartTable, "", checkTable)
	grant(f.Uses.Secrets&Read != 0, PartSecret, "", "ssm:GetParameter")
	grant(f.Uses.Secrets&Write != 0, PartSecret, "", "ssm:PutParameter")
	grant(f.Uses.Secrets&Delete != 0, PartSecret, "", "ssm:DeleteParameter")
	grant(f.Uses.SignsIn, PartSignIn, "", "ssm:GetParameter")

	grant(f.Uses.Assumes, PartRole, "", "sts:AssumeRole")
	if f.Uses.Federates {
		rights = append(rights, Right{Part: PartIdentity, Actions: []string{"sts:GetWebIdentityToken"}, Audiences: TokenAudiences})
	}
	grant(f.Uses.Invokes, PartTarget, "", "lambda:InvokeFunction")

	grant(f.Uses.Files&Read != 0, PartFiles, "", "s3:GetObject")
	grant(f.Uses.Files&Write != 0, PartFiles, "", "s3:PutObject")
	for _, called := range f.Uses.Calls {
		grant(true, PartFunction, called, "lambda:InvokeFunction")
	}
	for _, queue := range f.Uses.Send {
		grant(true, PartQueue, queue, "sqs:SendMessage")
	}

	if f.Uses.Parked {
		for _, id := range Parkers(true) {
			grant(true, PartQueue, id+DeadLetterSuffix, "sqs:GetQueueAttributes")
		}
	}

	for _, queue := range f.Trigger.Queues {
		grant(true, PartQueue, queue, "sqs:ChangeMessageVisibility") // a message that failed is held back
		rights = append(rights, Right{Part: PartQueue, ID: queue, Actions: drain, ByLambda: true})
	}

	if f.Trigger.Schedule != 0 {
		rights = append(rights, Right{Part: PartQueue, ID: f.ID + DeadLetterSuffix, Actions: []string{"sqs:SendMessage"}, ByLambda: true})
	}

	return rights
}
