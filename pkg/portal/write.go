package portal

import (
	"context"
	"io"

	"github.com/a-h/templ"
	"github.com/a-h/templ/runtime"
)

// What the code calls that templ makes, instead of doing the same itself at each text, attribute
// and component (localstack/templ/shorten.py).

// rendering is a context, for files that import none.
type rendering = context.Context

// templated is a component that writes into one buffer with whatever it is part of.
func templated(draw func(rendering, *runtime.Buffer) error) templ.Component {
	return runtime.GeneratedTemplate(func(in runtime.GeneratedComponentInput) (err error) {
		if err := in.Context.Err(); err != nil {
			return err
		}
		buffer, shared := runtime.GetBuffer(in.Writer)
		if !shared {
			defer func() {
				if failed := runtime.ReleaseBuffer(buffer); err == nil {
					err = failed
				}
			}()
		}
		return draw(templ.InitializeContext(in.Context), buffer)
	})
}

// writeText writes a text of a component, escaped, and the markup after it.
func writeText(to io.StringWriter, text string, markup ...string) error {
	if _, err := to.WriteString(templ.EscapeString(text)); err != nil || len(markup) == 0 {
		return err
	}
	_, err := to.WriteString(markup[0])
	return err
}

// attribute is the value of an attribute, of whichever type.
type attribute interface {
	Resolve(ctx context.Context) (string, error)
	ResolveURL(ctx context.Context) (string, error)
}

// writeAttribute writes the value of an attribute, escaped, and the markup after it.
func writeAttribute(ctx context.Context, to io.StringWriter, of attribute, markup string) error {
	value, err := of.Resolve(ctx)
	if err != nil {
		return err
	}
	return writeBoth(to, value, markup)
}

// writeURL writes the value of an attribute that holds an address, escaped and made safe, and the
// markup after it.
func writeURL(ctx context.Context, to io.StringWriter, of attribute, markup string) error {
	value, err := of.ResolveURL(ctx)
	if err != nil {
		return err
	}
	return writeBoth(to, value, markup)
}

func writeBoth(to io.StringWriter, value, markup string) error {
	if _, err := to.WriteString(value); err != nil {
		return err
	}
	_, err := to.WriteString(markup)
	return err
}
