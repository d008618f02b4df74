package portal

// germanOwn are the texts of how the pages speak to somebody.
var germanOwn = map[string]string{
	"My settings": "Meine Einstellungen", "Language": "Sprache", "Time zone": "Zeitzone", "As the browser asks for": "Wie der Browser sie verlangt",
	"Saved. The pages speak to you so from now on, wherever you sign in.":         "Gespeichert. So sprechen die Seiten von jetzt an mit Ihnen, wo immer Sie sich anmelden.",
	"Times are shown in it, and days that you type are days there. It is now %s.": "Zeiten werden in ihr gezeigt, und Tage, die Sie eingeben, sind Tage dort. Es ist jetzt %s.",
	"Choose one of the languages.":                                                "Wählen Sie eine der Sprachen.", "Choose one of the time zones.": "Wählen Sie eine der Zeitzonen.",
	"preferences changed": "Einstellungen geändert",
}
