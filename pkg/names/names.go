// Package names is the contract between the infrastructure and the code: every
// function, route, environment key, table attribute, index and queue is named
// here once, and both sides read it. It imports nothing but the standard library.
package names

import "time"

// EnvKey is the name of one environment variable of a function.
type EnvKey string

// The environment of the functions. config.Load reads these and nothing else of ours.
const (
	EnvTable       EnvKey = "LEASEHOLD_TABLE"        // name of the table
	EnvUrgentQueue EnvKey = "LEASEHOLD_QUEUE_URGENT" // URL of the queue deliver-urgent
	EnvBulkQueue   EnvKey = "LEASEHOLD_QUEUE_BULK"   // URL of the queue deliver-bulk
	EnvFanoutQueue EnvKey = "LEASEHOLD_QUEUE_FANOUT" // URL of the queue fanout
	EnvBucket      EnvKey = "LEASEHOLD_BUCKET"       // name of the bucket of exports
	EnvIssuers     EnvKey = "LEASEHOLD_ISSUERS"      // JSON list of token issuers, see config.Issuer
	EnvFirstAdmin  EnvKey = "LEASEHOLD_FIRST_ADMIN"  // issuer|value of the first administrator
	EnvPublicURL   EnvKey = "LEASEHOLD_PUBLIC_URL"   // bases of links, separated by commas; empty: the gateway's own address
	EnvSecretPath  EnvKey = "LEASEHOLD_SECRET_PATH"  // SSM path under which connector credentials live, with no slash at the end
	EnvSignInPath  EnvKey = "LEASEHOLD_SIGN_IN_PATH" // SSM path under which the pages' own secrets at issuers live, with no slash at the end
	EnvEmulated    EnvKey = "LEASEHOLD_EMULATED"     // "true" on an emulator: targets and key sets may be plain http and private
)

// EnvInternal holds private networks and hosts that directories may have, separated by commas;
// empty: none.
const EnvInternal EnvKey = "LEASEHOLD_INTERNAL_TARGETS"

// EnvNetwork holds the Network from which a function serves connectors; empty: the deployment has no
// VPC.
const EnvNetwork EnvKey = "LEASEHOLD_NETWORK"

// Queues of the functions in the VPC, to hand on to; empty: the deployment has none.
const (
	EnvVPCUrgentQueue EnvKey = "LEASEHOLD_QUEUE_URGENT_VPC"
	EnvVPCBulkQueue   EnvKey = "LEASEHOLD_QUEUE_BULK_VPC"
)

// Trigger says what starts a function. Exactly one field is set.
type Trigger struct {
	API      bool          // API Gateway, by Routes
	Queues   []string      // ids of the queues that it drains
	Schedule time.Duration // period of its schedule
	Invoked  bool          // other functions, which wait for what it answers
}

// Function is one Lambda function: the folder functions/<ID> and all that is deployed with it.
type Function struct {
	ID      string
	Timeout time.Duration
	Memory  int // MiB
	Trigger Trigger
	Uses    Uses // what its code touches; its role, its environment and its clients follow
}

// Function ids.
const (
	Catalogs = "catalogs"
	Requests = "requests"
	Portal   = "portal"
	Targets  = "targets"
	Deliver  = "deliver"
	Fanout   = "fanout"
	Expire   = "expire"
	Drift    = "drift"
)

// DeliverTimeout is the time-out of the delivery function, and so the length of
// the lease under which it claims a subject's grants.
const DeliverTimeout = 60 * time.Second

// Functions lists every function of the stack.
var Functions = []Function{
	{ID: Catalogs, Timeout: 29 * time.Second, Memory: 512, Trigger: Trigger{API: true},
		Uses: Uses{Table: Read | Search | Order | Write | Check | History, Send: []string{DeliverUrgent, FanoutJobs}, Secrets: Write | Delete, Calls: []string{Requests, Targets, TargetsVPC},
			Writes: []Family{FamilyCatalog, FamilyPackage, FamilyPolicy, FamilyRequest, FamilyPerson, FamilyGroup, FamilyConnector, FamilyName, FamilyPrincipal, FamilyApprovers, FamilyConfig, FamilyOrganization, FamilyEvent}}},
	{ID: Requests, Timeout: 29 * time.Second, Memory: 512, Trigger: Trigger{API: true},
		Uses: Uses{Table: Read | Search | Order | Write | Check | Offered, Send: []string{DeliverUrgent, FanoutJobs}, Files: Read | Write,
			Writes: []Family{FamilyPackage, FamilyRequest, FamilyPerson, FamilyApprovers, FamilyConfig, FamilyEvent}}},
	{ID: Portal, Timeout: 29 * time.Second, Memory: 512, Trigger: Trigger{API: true},
		Uses: Uses{Table: Read | Search | Order | History | Offered | Write | Check, Send: []string{DeliverUrgent, FanoutJobs}, Secrets: Write | Delete, SignsIn: true, Parked: true, Calls: []string{Targets, TargetsVPC},
			// The first administrator may come here before anybody calls the API, and is made then.
			Writes: []Family{FamilyCatalog, FamilyPackage, FamilyPolicy, FamilyRequest, FamilyPerson, FamilyGroup, FamilyConnector, FamilyName, FamilyPrincipal, FamilyApprovers, FamilyConfig, FamilyOrganization, FamilySession, FamilyEvent}}},
	// It, deliver and drift alone read credentials and call targets; it changes nothing anywhere.
	{ID: Targets, Timeout: 25 * time.Second, Memory: 512, Trigger: Trigger{Invoked: true},
		Uses: Uses{Table: Read, Secrets: Read, Assumes: true, Invokes: true, Federates: true}},
	// It sends to the queue that has time: all those at once who waited for a silent target; and
	// hands on to the VPC, where there is one.
	{ID: Deliver, Timeout: DeliverTimeout, Memory: 512, Trigger: Trigger{Queues: []string{DeliverUrgent, DeliverBulk}},
		Uses: Uses{Table: Read | Search | Write | Check, Send: []string{DeliverBulk, VPCUrgent, VPCBulk}, Secrets: Read, Assumes: true, Invokes: true, Federates: true,
			Writes: []Family{FamilyPackage, FamilyRequest, FamilyPerson, FamilyGroup, FamilyConnector, FamilyEvent}}},
	// It carries on what is too long for one call: edits of packages, and exports, of which it
	// reads all that whoever asked for one may see; and it looks at changes of roles that many
	// people hold, and makes those that were agreed to.
	{ID: Fanout, Timeout: 60 * time.Second, Memory: 512, Trigger: Trigger{Queues: []string{FanoutJobs}},
		Uses: Uses{Table: Read | Search | Order | Write | Check, Send: []string{DeliverBulk, FanoutJobs}, Files: Read | Write,
			Writes: []Family{FamilyCatalog, FamilyPackage, FamilyPerson, FamilyEvent}}},
	// It stops ten seconds before its time is over. Where more is due than one sweep can do,
	// the next begins when this one ends, and no second is lost between them (Y8).
	{ID: Expire, Timeout: SweepPeriod + 10*time.Second, Memory: 512, Trigger: Trigger{Schedule: SweepPeriod},
		Uses: Uses{Table: Read | Search | Order | Recent | Write | Check, Send: []string{DeliverUrgent, DeliverBulk, FanoutJobs},
			Writes: []Family{FamilyPackage, FamilyPolicy, FamilyRequest, FamilyPerson, FamilyApprovers, FamilyConfig, FamilyEvent}}},
	// It compares targets with what ought to be there, each role once a day: it comes often and does
	// what its pace lets it do of that, so that it never sleeps for long. It changes a target where a
	// person decided that a role is taken away, and then only.
	{ID: Drift, Timeout: DriftPeriod - 30*time.Second, Memory: 512, Trigger: Trigger{Schedule: DriftPeriod},
		Uses: Uses{Table: Read | Order | Write | Check, Send: []string{DeliverBulk}, Secrets: Read, Assumes: true, Invokes: true, Federates: true,
			Writes: []Family{FamilyPackage, FamilyPerson, FamilyGroup, FamilyConnector, FamilyConfig, FamilyEvent}}},
}

// AssumedRoles begins the names of the roles of other accounts that functions may assume, to call
// targets at AWS: a role is made for that, and no other can be named by mistake or on purpose.
const AssumedRoles = "LeaseholdIdentityCenter"

// EntraAudience is to whom a function shows who it is: Entra, for a federated application. Two clouds have another
// one, which begins with it.
const EntraAudience = "api://AzureADTokenExchange"

// TokenAudiences are all to whom functions may show who they are, and TokenAlgorithm is how that is
// signed.
var TokenAudiences = []string{EntraAudience, EntraAudience + "USGov", EntraAudience + "China"}

// TokenAlgorithm is the one that Entra takes.
const TokenAlgorithm = "RS256"

// InvokedTargets begins the names of functions that are targets: no other can be registered, and
// the roles of our functions let no other be called.
const InvokedTargets = "LeaseholdTarget"

// FunctionName is the name of a function on AWS. It is fixed, so that two functions can name
// each other.
func FunctionName(id string) string { return StackName + "-" + id }

// FindFunction returns the function of the id; those of VPCFunctions run the code of one.
func FindFunction(id string) (Function, bool) {
	for _, f := range Functions {
		if f.ID == id {
			return f, true
		}
	}
	return Function{}, false
}

// SweepPeriod is the period of the schedule that ends, starts and repairs.
const SweepPeriod = time.Minute

// DriftPeriod is the period of the schedule that carries comparisons with targets on. What a run may
// use of a target follows from it.
const DriftPeriod = 5 * time.Minute

// Queue is one SQS queue; each has a dead-letter queue named ID + DeadLetterSuffix.
type Queue struct {
	ID             string
	Env            EnvKey        // its URL, for those who send to it or drain it
	BatchSize      int           // messages a function takes at once
	BatchWindow    time.Duration // how long it waits to fill a batch
	MaxReceive     int           // receipts before a message is parked
	MaxConcurrency int           // copies of its function at work on it at once; AWS wants at least 2
}

// NewAccount is how many functions run at once in an AWS account that nobody has raised the
// quota of.
const NewAccount = 10

// Queue ids.
const (
	DeliverUrgent    = "deliver-urgent"
	DeliverBulk      = "deliver-bulk"
	FanoutJobs       = "fanout"
	DeadLetterSuffix = "-dead"
)

// Queues lists every queue of the stack. What people wait for, removals above all, has
// a queue and copies of the worker of its own, so that it never waits for the ten
// thousand holders of an edited package. A message of the bulk queue names a hundred
// people: five of them are as much as one call finishes well before its time is over.
//
// A new AWS account runs NewAccount functions at once, all of them together. All queues at
// their busiest, and the sweep, leave two of these to the people at the API. More workers
// would hardly deliver more: two are as much as a target takes (parallelCalls in delivery).
var Queues = []Queue{
	{ID: DeliverUrgent, Env: EnvUrgentQueue, BatchSize: 10, MaxReceive: 5, MaxConcurrency: 3},
	{ID: DeliverBulk, Env: EnvBulkQueue, BatchSize: 5, MaxReceive: 5, MaxConcurrency: 2},
	{ID: FanoutJobs, Env: EnvFanoutQueue, BatchSize: 1, MaxReceive: 5, MaxConcurrency: 2},
}

// Attributes of the table that infrastructure and code must agree on.
const (
	AttrPK  = "pk"
	AttrSK  = "sk"
	AttrI1P = "i1p"
	AttrI1S = "i1s"
	AttrI2P = "i2p"
	AttrI2S = "i2s"
	AttrI3P = "i3p"
	AttrI4P = "i4p"
	AttrI3S = "i3s" // of both: an event is by whom and when in one order
	AttrI5P = "i5p"
	AttrI5S = "i5s"
	AttrIX  = "ix"  // small map on configuration items, projected for filters over lists
	AttrTTL = "ttl" // epoch seconds; removes cool-down records and unused approver sets, never access
)

// Index is one secondary index. It projects the keys and Projects, which is small: every
// change of a projected attribute is a write of the index.
type Index struct {
	ID, Partition, Sort string
	Projects            []string
}

// Index ids. DynamoDB wants at least three characters.
const (
	Index1 = "index1"
	Index2 = "index2"
	Index3 = "index3"
	Index4 = "index4"
	Index5 = "index5"
)

// offered is what the fifth index has of an access package: all that a list of packages
// shows, and neither its version nor its chain, which every change moves on.
var offered = []string{"c", "n", "d", "of", "pol", "inc", "ing", "cr", "mo"}

// Indexes lists the secondary indexes of the table. The third and the fourth hold events
// alone, and the fifth packages that people may ask for without being named, policies by which
// others ask for them, who reports to whom, and whose delivery fails.
var Indexes = []Index{
	{ID: Index1, Partition: AttrI1P, Sort: AttrI1S, Projects: []string{AttrIX}},
	{ID: Index2, Partition: AttrI2P, Sort: AttrI2S, Projects: []string{AttrIX}},
	{ID: Index3, Partition: AttrI3P, Sort: AttrI3S, Projects: []string{AttrIX}},
	{ID: Index4, Partition: AttrI4P, Sort: AttrI3S, Projects: []string{AttrIX}},
	{ID: Index5, Partition: AttrI5P, Sort: AttrI5S, Projects: offered},
}

// Shard counts. DueShards and ReconcileShards are chosen once: a change needs both
// layouts read for the longest term of an assignment.
const (
	DueShards       = 4 // index of work that falls due
	ReconcileShards = 4 // index of deliveries owed
	// LateShards spread what is owed by since when it is: a row for each end, and for each
	// person and target that fails, which is a fraction of what the other two take.
	LateShards     = 2
	EventShards    = 4  // index of events by time
	DeletionGuards = 16 // guards of one package
)

// StageName is the stage of the API. It may not hold a dot, so /v1.0 is a path below it.
const StageName = "live"

// Roots of the API below the stage.
const (
	APIVersion  = "/v1.0"
	Entitlement = APIVersion + "/identityGovernance/entitlementManagement"
	Ours        = APIVersion + "/leasehold"
)

// PortalPath is the root of the pages below the stage.
const PortalPath = "/portal"

// HealthPath answers without a token that the API is there.
const HealthPath = "/health"

// AnyMethod stands for every HTTP method in a Route.
const AnyMethod = "ANY"

// Route sends one gateway resource to a function. Path segments in braces are
// gateway variables; {proxy+} takes the rest of the path.
type Route struct{ Method, Path, Function string }

// Routes is the gateway's whole table. The people's side goes to requests, and so does what
// could not be delivered or taken back; everything else to catalogs. GET of one package is the people's side too,
// because filterByCurrentUser(on='...') arrives in that very segment.
var Routes = []Route{
	{AnyMethod, PortalPath, Portal},
	{AnyMethod, PortalPath + "/{proxy+}", Portal},
	{AnyMethod, APIVersion + "/{proxy+}", Catalogs},
	{AnyMethod, Entitlement + "/{proxy+}", Catalogs},
	{AnyMethod, Entitlement + "/accessPackages", Catalogs},
	{AnyMethod, Entitlement + "/accessPackages/{id}", Catalogs},
	{"GET", Entitlement + "/accessPackages/{id}", Requests},
	{AnyMethod, Entitlement + "/accessPackages/{id}/{proxy+}", Catalogs},
	{AnyMethod, Entitlement + "/accessPackages/{id}/getApplicablePolicyRequirements", Requests},
	{AnyMethod, Entitlement + "/assignmentRequests", Requests},
	{AnyMethod, Entitlement + "/assignmentRequests/{proxy+}", Requests},
	{AnyMethod, Entitlement + "/assignments", Requests},
	{AnyMethod, Entitlement + "/assignments/{proxy+}", Requests},
	{AnyMethod, Entitlement + "/accessPackageAssignmentApprovals", Requests},
	{AnyMethod, Entitlement + "/accessPackageAssignmentApprovals/{proxy+}", Requests},
	{AnyMethod, Entitlement + "/accessPackageAssignments/{proxy+}", Requests},
	{AnyMethod, Entitlement + "/availableAccessPackages", Requests},
	{AnyMethod, Entitlement + "/availableAccessPackages/{proxy+}", Requests},
	{AnyMethod, Entitlement + "/accessPackageSuggestions/{proxy+}", Requests},
	{AnyMethod, Ours + "/assignments/{proxy+}", Requests},
	{AnyMethod, Ours + "/accessPackageAssignmentApprovals/{proxy+}", Requests},
	{AnyMethod, Ours + "/trials/{proxy+}", Requests},
	{AnyMethod, Ours + "/assignmentExports", Requests},
	{AnyMethod, Ours + "/assignmentExports/{proxy+}", Requests},
	{AnyMethod, Ours + "/assignmentRequests/{proxy+}", Requests},
	{AnyMethod, Ours + "/deliveryErrors", Requests},
	{AnyMethod, Ours + "/deliveryErrors/{proxy+}", Requests},
	{AnyMethod, Ours + "/removals", Requests},
	{AnyMethod, Ours + "/removals/{proxy+}", Requests},
	{AnyMethod, Ours + "/reprocess", Requests},
	{AnyMethod, Ours + "/roleHolders/{proxy+}", Requests},
	{AnyMethod, Ours + "/accounts/{proxy+}", Requests},
	{AnyMethod, Ours + "/me/{proxy+}", Requests},
	{"GET", HealthPath, Requests},
}

// Deployment: context keys of the CDK app (cdk.json or -c key=value).
const (
	ContextEmulator   = "emulator"        // "true": host architecture, CLI credentials, private targets allowed
	ContextIssuers    = "issuers"         // JSON, goes to EnvIssuers
	ContextFirstAdmin = "firstAdmin"      // goes to EnvFirstAdmin
	ContextPublicURL  = "publicUrl"       // goes to EnvPublicURL
	ContextEndpoint   = "defaultEndpoint" // "off": the API answers at publicUrl alone, not at AWS's address of it
	ContextInternal   = "internalTargets" // goes to EnvInternal
	ContextArch       = "arch"            // "arm64" (default) or "amd64"
	ContextVPC        = "vpc"             // id of the VPC in which the functions of VPCFunctions run; none: there are none
	ContextVPCSubnets = "vpcSubnets"      // ids of its subnets that they run in
	ContextEndpoints  = "vpcEndpoints"    // "none": the subnets have a way out to AWS already
	ContextVPCRoutes  = "vpcRouteTables"  // ids of the subnets' route tables, for the endpoint of DynamoDB
	ContextAlarmEmail = "alarmEmail"      // where alarms are sent to; none: nowhere but to the topic
)

// FilesBelow is where exports lie in their bucket: the one place that roles have rights to.
const FilesBelow = "exports/"

// StackName is the CloudFormation stack.
const StackName = "Leasehold"

// Outputs of the stack.
const (
	OutputAPIID       = "ApiId"
	OutputTable       = "TableName"
	OutputUrgentQueue = "UrgentQueueUrl"
	OutputURL         = "Url" // address in front of /v1.0 on AWS
	OutputAlarmTopic  = "AlarmTopicArn"
)

// MetricNamespace is where the functions' metrics appear.
const MetricNamespace = "Leasehold"

// Metrics that alarms watch. The sweep emits each of them once a minute; what it could
// not read it does not emit, so that silence is an alarm and never looks like health.
const (
	MetricExpiryLag                   = "ExpiryLag"                   // seconds by which the oldest due item was late
	MetricOldestPendingReconciliation = "OldestPendingReconciliation" // seconds for which the oldest has been owed of what is owed past its time
	MetricOverdueRemovals             = "OverdueRemovals"             // ended assignments whose roles are still there, past their time
)

// MetricUnreadable counts the items that a function left out because this version of the
// service cannot read them; whoever meets one emits it, so silence is health.
const MetricUnreadable = "UnreadableItems"
