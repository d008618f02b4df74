package portal

import (
	"github.com/a-h/templ"
	"github.com/a-h/templ/runtime"
)

// writeText writes a text of a component, escaped. The code that templ makes calls it instead of
// doing the same itself, 1,200 times (localstack/templ/generate).
func writeText(to *runtime.Buffer, text string) error {
	_, err := to.WriteString(templ.EscapeString(text))
	return err
}
