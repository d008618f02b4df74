package graph

import "leasehold/pkg/authz"

// Operations that Graph documents and that are not served yet, each with why. They are known,
// so that a client is told so and not that it is lost; the same steps stand before them.

// laterCatalogs belong to the owners' side.
var laterCatalogs = []operation{
	// No access review reads what would be uploaded.
	{method: "POST", path: uploadsPath + "/{sessionId}/uploadFile", action: authz.ChangeUploadSession},
}
