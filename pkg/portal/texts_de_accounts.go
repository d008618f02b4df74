package portal

// germanAccounts has the texts about accounts that are made at targets, in German.
var germanAccounts = map[string]string{
	"Account at a target":                           "Konto in einem Zielsystem",
	"Whoever has no account there":                  "Wer dort kein Konto hat",
	"gets no role":                                  "erhält keine Rolle",
	"gets an account with the first role":           "erhält mit der ersten Rolle ein Konto",
	"An account that was made, after the last role": "Ein so angelegtes Konto wird nach der letzten Rolle",
	"Invited to a tenant of Microsoft Graph":        "In einen Mandanten von Microsoft Graph werden eingeladen",
	"guests alone":                                  "nur Gäste",
	"members of the directory too":                  "auch Mitglieder des Verzeichnisses",
	"Members too where the tenant is another organization's. Whoever has an account there already is never invited.": "Auch Mitglieder, wenn der Mandant einer anderen Organisation gehört. Wer dort schon ein Konto hat, wird nie eingeladen.",
	"is disabled":             "gesperrt",
	"is deleted":              "gelöscht",
	"Accounts that were made": "Angelegte Konten",
	"Accounts at targets, made because a role needed them": "Konten in Zielsystemen, angelegt, weil eine Rolle sie brauchte",
	"being made": "wird angelegt",
	"active":     "aktiv",
	"left as it is: the target cannot disable it":              "unverändert: das Zielsystem kann es nicht sperren",
	"there, and nothing tells who made it: look at the target": "vorhanden, und es ist nicht zu erkennen, wer es angelegt hat: im Zielsystem nachsehen",
	"not from here, so that it is not enabled again from here": "nicht von hier aus, daher wird es von hier aus nicht wieder freigegeben",
	"the target does not show it":                              "das Zielsystem zeigt es nicht",
	"At a SCIM target from user name, names and mail. At IAM Identity Center from the same, given name and surname required. At Microsoft Graph people are invited as guests, by their mail; Microsoft writes to them.": "In einem SCIM-Zielsystem aus Benutzername, Namen und E-Mail-Adresse. In IAM Identity Center aus denselben, Vorname und Nachname sind nötig. In Microsoft Graph wird als Gast eingeladen, über die E-Mail-Adresse; Microsoft schreibt den Eingeladenen.",
	"AWS has no call that disables a user of IAM Identity Center: the roles end there, and the user stays.":                                                                                                             "AWS hat keinen Aufruf, der einen Benutzer von IAM Identity Center sperrt: Die Rollen enden dort, und der Benutzer bleibt.",
}
