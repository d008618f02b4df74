package portal

import (
	"github.com/a-h/templ"
	"github.com/a-h/templ/runtime"
)

// writeText writes a text of a component, escaped, and the markup after it. The code that templ
// makes calls it instead of doing the same itself, 1,200 times (localstack/templ/generate).
func writeText(to *runtime.Buffer, text string, markup ...string) error {
	if _, err := to.WriteString(templ.EscapeString(text)); err != nil || len(markup) == 0 {
		return err
	}
	_, err := to.WriteString(markup[0])
	return err
}
