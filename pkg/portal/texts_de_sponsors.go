package portal

// germanSponsors are the texts of the pages of sponsors.
var germanSponsors = map[string]string{
	"Organizations that you sponsor":     "Organisationen, deren Sponsor Sie sind",
	"All organizations that you sponsor": "Alle Organisationen, deren Sponsor Sie sind",
	"You sponsor no connected organization. Who its internal sponsors are is set by an administrator.": "Sie sind Sponsor keiner verbundenen Organisation. Wer interner Sponsor ist, legt die Administration fest.",
	"People of %s": "Personen von %s",
	"No guest of this organization is in the directory yet. They come when somebody invites them.": "Noch steht kein Gast dieser Organisation im Verzeichnis. Sie kommen, wenn jemand sie einlädt.",
	"Nobody of this organization has a name that begins so.":                                       "Niemand von dieser Organisation hat einen Namen, der so beginnt.",
	"Guests of this organization": "Gäste dieser Organisation",
	"%d, the first one":           "%d, als Erstes",
}
