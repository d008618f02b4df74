// Package visitor is a browser without script and without pictures: it opens pages, follows
// links and fills in forms by the words that people read, for stories about the pages.
package visitor

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// maxPage bounds what is read of a page.
const maxPage = 1 << 20

// Visitor is one browser with its cookies.
type Visitor struct {
	client http.Client
	Header http.Header // sent with every call
}

// New returns a browser that nobody has used yet. A transport of nil is the usual one.
func New(transport http.RoundTripper) *Visitor {
	jar, _ := cookiejar.New(nil) // cannot fail without options
	return &Visitor{client: http.Client{Jar: jar, Transport: transport, Timeout: 30 * time.Second}, Header: http.Header{}}
}

// Cookies are those that the browser would send to an address.
func (v *Visitor) Cookies(address string) []*http.Cookie {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	return v.client.Jar.Cookies(u)
}

// Page is a page as somebody reads it.
type Page struct {
	Address string
	Status  int
	Header  http.Header
	Title   string // its first heading
	Text    string // all that is to be read on it, with single spaces
	Source  string
	Links   []Link
	Forms   []Form

	of *Visitor
}

// Link is a link by its words.
type Link struct{ Text, Address string }

// Form is a form with what it holds before anybody types.
type Form struct {
	Method, Address string
	Values          url.Values
	Fields          []string // names of what can be typed or chosen, in their order
	Buttons         []Button
	Choices         []Button // boxes and circles, chosen or not, each with what is sent for it
}

// Button sends a form.
type Button struct{ Text, Name, Value string }

// Open opens an address.
func (v *Visitor) Open(ctx context.Context, address string) (*Page, error) {
	return v.do(ctx, http.MethodGet, address, nil, "")
}

// Send sends a form's values to an address, from a page; the answer is where that leads.
func (v *Visitor) Send(ctx context.Context, address string, values url.Values, from string) (*Page, error) {
	return v.do(ctx, http.MethodPost, address, values, from)
}

func (v *Visitor) do(ctx context.Context, method, address string, values url.Values, from string) (*Page, error) {
	var body io.Reader
	if values != nil {
		body = strings.NewReader(values.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	maps.Copy(r.Header, v.Header)
	if values != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if origin, err := url.Parse(from); err == nil && from != "" {
		r.Header.Set("Origin", origin.Scheme+"://"+origin.Host)
	}

	answer, err := v.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxPage))
	if err != nil {
		return nil, err
	}

	p := &Page{Address: answer.Request.URL.String(), Status: answer.StatusCode, Header: answer.Header, Source: string(text), of: v}
	document, err := html.Parse(strings.NewReader(p.Source))
	if err != nil {
		return nil, err
	}
	p.read(document)
	return p, nil
}

// read takes in what is on the page.
func (p *Page) read(n *html.Node) {
	p.Text = textOf(n)
	for e := range n.Descendants() {
		if e.Type != html.ElementNode {
			continue
		}
		switch e.Data {
		case "h1":
			if p.Title == "" {
				p.Title = textOf(e)
			}
		case "a":
			p.Links = append(p.Links, Link{textOf(e), p.resolve(attribute(e, "href"))})
		case "form":
			p.Forms = append(p.Forms, p.form(e))
		}
	}
}

func (p *Page) form(n *html.Node) Form {
	f := Form{Method: strings.ToUpper(attribute(n, "method")), Address: p.resolve(attribute(n, "action")), Values: url.Values{}}
	for e := range n.Descendants() {
		if e.Type != html.ElementNode {
			continue
		}
		name, kind := attribute(e, "name"), attribute(e, "type")
		switch {
		case e.Data == "button":
			f.Buttons = append(f.Buttons, Button{textOf(e), name, attribute(e, "value")})
			continue
		case name == "" || e.Data != "input" && e.Data != "textarea" && e.Data != "select":
			continue
		}

		if kind == "radio" || kind == "checkbox" {
			f.Choices = append(f.Choices, Button{Name: name, Value: attribute(e, "value")})
		}
		if kind != "hidden" && !slices.Contains(f.Fields, name) {
			f.Fields = append(f.Fields, name)
		}
		switch {
		case e.Data == "textarea":
			f.Values.Set(name, textOf(e))
		case e.Data == "select":
			for o := range e.Descendants() {
				if o.Data == "option" && has(o, "selected") {
					f.Values.Add(name, attribute(o, "value"))
				}
			}
		case (kind == "radio" || kind == "checkbox") && !has(e, "checked"):
		default:
			f.Values.Add(name, attribute(e, "value"))
		}
	}
	return f
}

// resolve is an address as it stands in the page, made whole.
func (p *Page) resolve(address string) string {
	base, err := url.Parse(p.Address)
	if err != nil {
		return address
	}
	u, err := base.Parse(address)
	if err != nil {
		return address
	}
	return u.String()
}

// Follow opens the link with these words.
func (p *Page) Follow(ctx context.Context, words string) (*Page, error) {
	for _, l := range p.Links {
		if l.Text == words {
			return p.of.Open(ctx, l.Address)
		}
	}
	return nil, fmt.Errorf("%s has no link %q", p.Address, words)
}

// Submit fills in the form that has a button with these words, and presses it.
func (p *Page) Submit(ctx context.Context, button string, typed map[string]string) (*Page, error) {
	for _, f := range p.Forms {
		for _, b := range f.Buttons {
			if b.Text != button {
				continue
			}
			values := maps.Clone(f.Values)
			for name, value := range typed {
				if !slices.Contains(f.Fields, name) {
					return nil, fmt.Errorf("the form %q of %s has no field %q, only %q", button, p.Address, name, f.Fields)
				}
				values.Set(name, value)
			}
			if b.Name != "" {
				values.Set(b.Name, b.Value)
			}
			if f.Method == http.MethodPost {
				return p.of.Send(ctx, f.Address, values, p.Address)
			}
			return p.of.Open(ctx, f.Address+"?"+values.Encode())
		}
	}
	return nil, fmt.Errorf("%s has no button %q", p.Address, button)
}

// SignIn signs an account in at a provider of this machine, and returns the page that was
// asked for.
func (v *Visitor) SignIn(ctx context.Context, address, account string) (*Page, error) {
	p, err := v.Open(ctx, address)
	if err != nil {
		return nil, err
	}
	// Local providers show one button for each account.
	return p.Submit(ctx, account, nil)
}

func textOf(n *html.Node) string {
	var words []string
	if n.Type == html.TextNode {
		words = append(words, n.Data)
	}
	for e := range n.Descendants() {
		if e.Type == html.TextNode && e.Parent.Data != "script" && e.Parent.Data != "style" && e.Parent.Data != "title" {
			words = append(words, e.Data)
		}
	}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}
