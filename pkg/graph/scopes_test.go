package graph

// The scopes of tokens, as tests spell them.
const (
	scopeRead    = "EntitlementManagement.Read.All"
	scopeWrite   = "EntitlementManagement.ReadWrite.All"
	scopeSubject = "EntitlementMgmt-SubjectAccess.ReadWrite"
)
