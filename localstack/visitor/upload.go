package visitor

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
)

// Upload fills in the form that has a button with these words, puts a file into one of its
// fields, and presses the button.
func (p *Page) Upload(ctx context.Context, button string, typed map[string]string, field, name string, content []byte) (*Page, error) {
	for _, f := range p.Forms {
		for _, b := range f.Buttons {
			if b.Text != button {
				continue
			}
			values := maps.Clone(f.Values)
			values.Del(field)
			for name, value := range typed {
				values.Set(name, value)
			}
			return p.of.sendFile(ctx, f.Address, values, field, name, content, p.Address)
		}
	}
	return nil, fmt.Errorf("%s has no button %q", p.Address, button)
}

func (v *Visitor) sendFile(ctx context.Context, address string, values url.Values, field, name string, content []byte, from string) (*Page, error) {
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	for key, all := range values {
		for _, value := range all {
			parts.WriteField(key, value) // into memory, which does not fail
		}
	}
	part, _ := parts.CreateFormFile(field, name) // likewise
	part.Write(content)
	parts.Close()

	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, &body)
	if err != nil {
		return nil, err
	}
	maps.Copy(r.Header, v.Header)
	r.Header.Set("Content-Type", parts.FormDataContentType())
	if origin, err := url.Parse(from); err == nil {
		r.Header.Set("Origin", origin.Scheme+"://"+origin.Host)
	}
	return v.fetch(r)
}
