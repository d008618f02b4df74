package directory

import (
	"context"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"leasehold/pkg/authz"
	"leasehold/pkg/entitlement"
)

// Bounds of one import.
const (
	MaxImport    = 5000 // lines
	ImportAtOnce = 250  // that one call applies
	importers    = 8    // side by side
)

// ImportRow is what somebody says of one person, by the names of properties. What is empty
// stays as it is.
type ImportRow struct {
	Line   int
	Values map[string]string // by the names of ImportColumns, in small letters
	Wrong  string            // the line cannot be read
}

// column is a property that an import says, but for the manager.
type column struct {
	name string
	of   func(entitlement.User) string
	set  func(*entitlement.User, string) error
}

func textColumn(name string, field func(*entitlement.User) *string) column {
	return column{name, func(u entitlement.User) string { return *field(&u) }, func(u *entitlement.User, value string) error { *field(u) = value; return nil }}
}

var columns = []column{
	textColumn("userPrincipalName", func(u *entitlement.User) *string { return &u.UserPrincipalName }),
	textColumn("displayName", func(u *entitlement.User) *string { return &u.DisplayName }),
	textColumn("mail", func(u *entitlement.User) *string { return &u.Mail }),
	textColumn("givenName", func(u *entitlement.User) *string { return &u.GivenName }),
	textColumn("surname", func(u *entitlement.User) *string { return &u.Surname }),
	textColumn("department", func(u *entitlement.User) *string { return &u.Department }),
	textColumn("jobTitle", func(u *entitlement.User) *string { return &u.JobTitle }),
	textColumn("employeeId", func(u *entitlement.User) *string { return &u.ExternalID }),
	{"userType", func(u entitlement.User) string { return string(u.Type) }, func(u *entitlement.User, value string) error {
		for _, t := range []entitlement.UserType{entitlement.Member, entitlement.Guest} {
			if strings.EqualFold(value, string(t)) {
				u.Type = t
				return nil
			}
		}
		return entitlement.Errorf(entitlement.Invalid, "userType must be Member or Guest.")
	}},
	{"accountEnabled", func(u entitlement.User) string { return trueOrFalse(u.Enabled) }, func(u *entitlement.User, value string) error {
		switch strings.ToLower(value) {
		case "true":
			u.Enabled = true
		case "false":
			u.Enabled = false
		default:
			return entitlement.Errorf(entitlement.Invalid, "accountEnabled must be true or false.")
		}
		return nil
	}},
}

func trueOrFalse(is bool) string {
	if is {
		return "true"
	}
	return "false"
}

const managerColumn = "manager"

// ImportColumns are the properties that an import may say, as Graph names them; manager is a
// userPrincipalName.
func ImportColumns() (all []string) {
	for _, c := range columns {
		all = append(all, c.name)
	}
	return append(all, managerColumn)
}

// ImportStanding is what an import would make of a line.
type ImportStanding string

// The standings.
const (
	ImportNew     ImportStanding = "new"
	ImportChanged ImportStanding = "changed"
	ImportSame    ImportStanding = "same"
	ImportWrong   ImportStanding = "wrong"
)

// ImportLine is what an import would make of one row.
type ImportLine struct {
	ImportRow
	Standing ImportStanding
	User     entitlement.User      // as it would be
	Changes  []entitlement.Changed // of one who is there
	Disables bool                  // somebody who is enabled
	Why      string                // it is wrong

	manager      entitlement.UserID // whom the row names, where they are there
	managerLater bool               // they are a line of the same file
}

// UPN is the user name that the row is about.
func (r ImportRow) UPN() string { return r.Values["userprincipalname"] }

// CheckImport says what an import would make of each row, and changes nothing. among are the
// user names of all that the file is about, of which these rows may be a part.
func (s *Service) CheckImport(ctx context.Context, by authz.Caller, rows []ImportRow, among []string) ([]ImportLine, error) {
	for _, a := range []authz.Action{authz.ReadUser, authz.CreateUser, authz.UpdateUser} {
		if err := s.may(ctx, by, a); err != nil {
			return nil, err
		}
	}
	if len(rows) > MaxImport {
		return nil, entitlement.Errorf(entitlement.Invalid, "One import takes at most %d lines: divide it.", MaxImport)
	}

	c := &importCheck{Service: s, known: map[string]*found{}, file: map[string]bool{}}
	for _, name := range among {
		c.file[strings.ToLower(name)] = true
	}
	if err := c.look(ctx, rows); err != nil {
		return nil, err
	}

	lines := make([]ImportLine, len(rows))
	first := map[string]int{}
	for i, row := range rows {
		name := strings.ToLower(row.UPN())
		line, twice := first[name]
		if !twice {
			first[name] = row.Line
		}
		lines[i] = c.line(row)
		if twice && name != "" {
			lines[i].Standing, lines[i].Why = ImportWrong, entitlement.MessageOf(entitlement.Errorf(entitlement.Invalid, "Line %d is about the same person.", line))
		}
	}
	return lines, nil
}

// importCheck is what is known of those whom an import names.
type importCheck struct {
	*Service
	known map[string]*found
	file  map[string]bool
}

type found struct {
	entitlement.User
	there bool
}

// look reads everybody whom rows name, each once.
func (c *importCheck) look(ctx context.Context, rows []ImportRow) error {
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(2 * importers)

	for _, row := range rows {
		for _, name := range []string{row.UPN(), row.Values[managerColumn]} {
			key := strings.ToLower(name)
			mu.Lock()
			_, asked := c.known[key]
			if !asked && name != "" {
				// Noted before it is read, so that the next row with the same name does not ask again.
				c.known[key] = &found{}
			}
			mu.Unlock()

			if asked || name == "" {
				continue
			}
			g.Go(func() error {
				u, err := c.Store.UserNamed(ctx, name)
				// One who is not there yet is what an import is for.
				if err != nil && entitlement.KindOf(err) != entitlement.NotFound {
					return err
				}
				mu.Lock()
				defer mu.Unlock()
				c.known[key] = &found{u, err == nil && !u.Gone()}
				return nil
			})
		}
	}
	return g.Wait()
}

func (c *importCheck) line(row ImportRow) ImportLine {
	l := ImportLine{ImportRow: row, Standing: ImportWrong, Why: row.Wrong}
	if l.Why == "" && row.UPN() == "" {
		l.Why = "userPrincipalName must be given: people are known by it."
	}
	if l.Why != "" {
		return l
	}

	before := entitlement.User{Type: entitlement.Member, Enabled: true}
	was := c.known[strings.ToLower(row.UPN())]
	if was.there {
		before = was.User
	}
	l.User = before
	err := row.apply(&l.User)
	if err == nil {
		err = checkUser(&l.User)
	}
	if err == nil {
		err = c.manager(&l)
	}
	if err != nil {
		l.Why = entitlement.MessageOf(err)
		return l
	}

	if !was.there {
		l.Standing = ImportNew
		return l
	}
	l.Changes = c.changes(before, l)
	l.Disables = before.Enabled && !l.User.Enabled
	if l.Standing = ImportSame; len(l.Changes) > 0 {
		l.Standing = ImportChanged
	}
	return l
}

// apply says of a user what the row says.
func (r ImportRow) apply(u *entitlement.User) error {
	for _, c := range columns {
		value := r.Values[strings.ToLower(c.name)]
		// A user name is the same in any case: that is no change.
		if value == "" || c.name == "userPrincipalName" && strings.EqualFold(value, u.UserPrincipalName) {
			continue
		}
		if err := c.set(u, value); err != nil {
			return err
		}
	}
	return nil
}

// manager finds the manager whom a line names.
func (c *importCheck) manager(l *ImportLine) error {
	name := l.Values[managerColumn]
	if name == "" {
		return nil
	}
	key := strings.ToLower(name)
	switch who := c.known[key]; {
	case strings.EqualFold(name, l.UPN()):
		return entitlement.Errorf(entitlement.Invalid, "Nobody can be their own manager.")
	case who.there:
		l.manager = who.ID
	case c.file[key]:
		l.managerLater = true
	default:
		return entitlement.Errorf(entitlement.Invalid, "There is nobody with the user name %s, who is to be the manager.", name)
	}
	return nil
}

// changes are what would be changed of somebody who is there.
func (c *importCheck) changes(before entitlement.User, l ImportLine) (all []entitlement.Changed) {
	for _, column := range columns {
		if was, is := column.of(before), column.of(l.User); was != is {
			all = append(all, entitlement.Changed{Property: column.name, Before: was, After: is})
		}
	}
	if name := l.Values[managerColumn]; name != "" && (l.managerLater || l.manager != before.Manager) {
		all = append(all, entitlement.Changed{Property: managerColumn, Before: string(before.Manager), After: name})
	}
	return all
}

// Imported is what became of a line.
type Imported struct {
	Err   error
	Later bool // the manager is not there yet: the line is to be applied once more, after the others
}

// Import applies lines that CheckImport found new or changed, at most ImportAtOnce. Each may be
// applied again: what is as the line says stays as it is. Nobody is disabled whose line does
// not say so.
func (s *Service) Import(ctx context.Context, by authz.Command, lines []ImportLine) ([]Imported, error) {
	for _, a := range []authz.Action{authz.CreateUser, authz.UpdateUser} {
		if err := allow(by, a); err != nil {
			return nil, err
		}
	}
	if len(lines) > ImportAtOnce {
		return nil, entitlement.Errorf(entitlement.Invalid, "One call applies at most %d lines.", ImportAtOnce)
	}

	came := make([]Imported, len(lines))
	each := func(do func(i int) error) {
		var g errgroup.Group
		g.SetLimit(importers)
		for i := range lines {
			if came[i].Err == nil {
				g.Go(func() error { came[i].Err = do(i); return nil })
			}
		}
		g.Wait() // each keeps its own failure
	}

	// Managers come last: some of them are made here.
	ids := make([]entitlement.UserID, len(lines))
	each(func(i int) (err error) { ids[i], err = s.importOne(ctx, by, lines[i]); return err })
	each(func(i int) (err error) { came[i].Later, err = s.importManager(ctx, by, ids[i], lines[i]); return err })
	return came, nil
}

func (s *Service) importOne(ctx context.Context, by authz.Command, l ImportLine) (entitlement.UserID, error) {
	if l.Standing == ImportNew {
		made, err := s.CreateUser(ctx, by, l.User)
		return made.ID, err
	}
	for _, c := range l.Changes {
		if c.Property != managerColumn {
			_, err := s.UpdateUser(ctx, by, l.User.ID, l.ImportRow.apply)
			return l.User.ID, err
		}
	}
	return l.User.ID, nil
}

func (s *Service) importManager(ctx context.Context, by authz.Command, id entitlement.UserID, l ImportLine) (later bool, err error) {
	manager := l.manager
	if l.managerLater {
		u, err := s.Store.UserNamed(ctx, l.Values[managerColumn])
		if entitlement.KindOf(err) == entitlement.NotFound && err != nil || err == nil && u.Gone() {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		manager = u.ID
	}
	if manager == "" || manager == l.User.Manager {
		return false, nil
	}
	return false, s.SetManager(ctx, by, id, manager)
}
