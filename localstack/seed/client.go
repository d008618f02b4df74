package seed

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// object is a JSON object.
type object = map[string]any

// client speaks JSON to one API with one token.
type client struct {
	base, token, contentType string
	http                     http.Client
}

func newClient(base, token, contentType string) *client {
	return &client{base: base, token: token, contentType: contentType, http: http.Client{Timeout: 30 * time.Second}}
}

// do sends a request and decodes the answer into answer, which may be nil. The
// address is absolute or begins with the path below the base.
func (c *client) do(ctx context.Context, method, address string, body, answer any) error {
	if strings.HasPrefix(address, "/") {
		address = c.base + address
	}
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		payload = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, address, payload)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	if body != nil {
		request.Header.Set("Content-Type", c.contentType)
	}

	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	// What the API says is the best explanation that there is.
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %s: %s", method, request.URL.Path, response.Status, strings.TrimSpace(string(text)))
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("%s %s: %w", method, request.URL.Path, err)
	}
	return nil
}

// made is what a create call answers with.
type made struct {
	ID string `json:"id"`
}

// create posts body and returns the new id.
func (c *client) create(ctx context.Context, path string, body object) (string, error) {
	var answer made
	err := c.do(ctx, http.MethodPost, path, body, &answer)
	return answer.ID, err
}

// list reads every page of a Graph collection.
func list[T any](ctx context.Context, c *client, path string, options ...string) ([]T, error) {
	query := url.Values{}
	for i := 0; i+1 < len(options); i += 2 {
		query.Set(options[i], options[i+1])
	}
	address := path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}

	var all []T
	// The address of the next page comes from the server, and is whole.
	for address != "" {
		var page struct {
			Value []T    `json:"value"`
			Next  string `json:"@odata.nextLink"`
		}
		if err := c.do(ctx, http.MethodGet, address, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Value...)
		address = page.Next
	}
	return all, nil
}
