package portal

// germanPicker are the texts of adding resources to a catalog.
var germanPicker = map[string]string{
	"Search for a resource by name":       "Nach dem Namen einer Ressource suchen",
	"Nothing there has this in its name.": "Dort enthält kein Name diesen Text.",
	"Resources found":                     "Gefundene Ressourcen",
	"Choose a resource.":                  "Wählen Sie eine Ressource.",
}
