package entitlement

// Addressed is what an address names, by its ids; what it does not name stays empty.
type Addressed struct {
	Catalog  CatalogID
	Packages int        // so many of the catalog's are meant too
	Resource ResourceID // of the catalog
	Change   ChangeID   // of the catalog
	Package  PackageID
	Scopes   bool // the role scopes of the package are meant too
	Policy   PolicyID

	Request    RequestID
	Assignment AssignmentID
	User       UserID
	Record     bool // what the user has is meant too
	Group      GroupID
	Connector  ConnectorID
}
