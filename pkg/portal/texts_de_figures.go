package portal

// germanFigures are the texts of figures, parked messages and targets that rest.
var germanFigures = map[string]string{
	"Figures": "Zahlen", "Target systems that rest": "Zielsysteme, die ruhen", "None: every target system is spoken to.": "Keine: Mit jedem Zielsystem wird gesprochen.",
	"Target systems that failed as a whole, and are left alone for a while": "Zielsysteme, die als Ganzes ausfielen und eine Weile in Ruhe gelassen werden",
	"Failures in a row": "Fehler in Folge", "Rests until": "Ruht bis",
	"Parked messages": "Abgestellte Nachrichten", "Messages that failed again and again, and were put aside": "Nachrichten, die immer wieder scheiterten und beiseitegelegt wurden",
	"Queue": "Warteschlange", "Parked": "Abgestellt", "not counted: the queue does not answer": "nicht gezählt: Die Warteschlange antwortet nicht",
	"Nothing is lost by them: whatever is owed is found by the sweep. The command make dlq shows them, gives them back or drops them.": "Durch sie geht nichts verloren: Was aussteht, findet der Durchlauf. Der Befehl make dlq zeigt sie, gibt sie zurück oder verwirft sie.",
	"Deliveries that people wait for": "Zustellungen, auf die jemand wartet", "Deliveries of edited packages": "Zustellungen geänderter Pakete",
	"Edits of packages, and exports": "Änderungen von Paketen, und Ausfuhren", "Sweeps of every minute": "Durchläufe jeder Minute",
	"Nothing was counted yet. Figures come a few minutes after the first events.": "Noch wurde nichts gezählt. Zahlen kommen einige Minuten nach den ersten Ereignissen.",
	"Counted until": "Gezählt bis", "Days are those of UTC.": "Tage sind solche der UTC.",
	"Requests and approvals a day": "Anträge und Genehmigungen je Tag", "From the end of an assignment to its roles read back as gone": "Vom Ende einer Zuweisung, bis ihre Rollen als entzogen gelesen wurden",
	"Approved": "Genehmigt", "Longest": "Längste", "Average": "Durchschnitt", "Day": "Tag",
	"The highest bar is %s. The table below has every value.": "Der höchste Balken ist %s. Die Tabelle darunter hat jeden Wert.",
	"The figures of each day, the latest last":                "Die Zahlen jedes Tages, der jüngste zuletzt", "Assignments whose roles are gone": "Zuweisungen, deren Rollen entzogen sind",
	"%d s": "%d s",
}
