package dynamo

import (
	"context"
	"slices"

	"leasehold/pkg/entitlement"
)

// Role assignments lie beside what they are for, so that all that hold in a catalog are one
// query: in the partition of the catalog, and those of the whole organisation in that of the
// configuration. The second index lists all by who holds them. Whether a group holds a role,
// and whether there is a role assignment of an id, decides about rights: so that is not asked
// of an index, which may be late, but of entries that come and go with the role assignment.

const (
	tagRole     = "ROLE"
	tagHeldRole = "HELD"
	tagRoleID   = "RID"
)

var roleMapper = mapper[entitlement.RoleAssignment]{
	tag: tagRole, noun: "role assignment", part: entitlement.PartConfiguration,
	key:  roleKey,
	name: roleAt,
	meta: func(a *entitlement.RoleAssignment) *entitlement.Meta { return &a.Meta },
	indexKeys: func(a entitlement.RoleAssignment) indexKeys {
		return indexKeys{second: roleHolderIndexKey(a)}
	},
	body: func(f *fields, a *entitlement.RoleAssignment) {
		id(f, "i", &a.ID)
		when(f, "cr", &a.Created)
	},
}

// RolesIn returns the role assignments of a catalog and those of the whole organisation, or
// these alone where no catalog is named; read strongly. There are at most
// entitlement.MaxRoleAssignments of each, so that it is one call or two, side by side.
func (db *DB) RolesIn(ctx context.Context, catalog entitlement.CatalogID) ([]entitlement.RoleAssignment, error) {
	scopes := []entitlement.CatalogID{""}
	if catalog != "" {
		scopes = append(scopes, catalog)
	}

	lists := make([][]entitlement.RoleAssignment, len(scopes))
	err := db.sideBySide(ctx, len(scopes), func(ctx context.Context, i int) error {
		got, err := upTo1MB(ctx, db, tableQuery{partition: roleScopePartition(scopes[i]), prefix: prefixRole}, "", roleMapper.read)
		lists[i] = got.Items
		return err
	})
	return slices.Concat(lists...), err
}

// roles writes role assignments, and the entries that lead to them. A group that is given a
// role must be there, and has its version moved: whoever decides on the roles of a group
// decides on the present ones.
func (p *plan) roles(all []entitlement.RoleAssignment, catalogs []entitlement.Catalog) {
	for _, a := range all {
		write(p, roleMapper, a)

		switch {
		case a.Erased && goes(a.Catalog, catalogs):
			// There are as many as one transaction has room for, and they lead to nothing from then
			// on: no id of a catalog is used again. So they are tidied away afterwards.
		case a.Erased:
			for _, key := range roleEntries(a) {
				p.delete(key, entitlement.PartConfiguration, newExpression())
			}
		case a.Version == 0:
			for _, key := range roleEntries(a) {
				p.roleEntry(key)
			}
			if a.Group != "" {
				p.roleGiven(a.Group)
			}
		}
	}
}

// roleEntries are the keys of the entries that lead to a role assignment.
func roleEntries(a entitlement.RoleAssignment) []Key {
	keys := []Key{roleIDKey(a)}
	if a.Group != "" {
		keys = append(keys, heldRoleKey(a))
	}
	return keys
}

// roleEntry puts an entry. It comes and goes with its role assignment, whose condition holds
// for it too.
func (p *plan) roleEntry(key Key) {
	tag := tagHeldRole
	if key.PK == wordConfig {
		tag = tagRoleID
	}

	it := item{}
	seal(it, key, tag, 1)
	p.put(entitlement.PartConfiguration, it, newExpression())
}

// roleGiven moves the version of a group that is given a role.
func (p *plan) roleGiven(id entitlement.GroupID) {
	x := newExpression()
	x.present()
	x.lacks(attrDeleted)
	x.add(attrVersion, numeral(1))
	p.update(groupKey(id), entitlement.PartDirectory, x)
}

// goes reports that a change erases a catalog.
func goes(id entitlement.CatalogID, catalogs []entitlement.Catalog) bool {
	return slices.ContainsFunc(catalogs, func(c entitlement.Catalog) bool { return c.ID == id && c.Erased })
}

// RoleAssignment returns a role assignment by its id, read strongly.
func (db *DB) RoleAssignment(ctx context.Context, id entitlement.RoleAssignmentID) (entitlement.RoleAssignment, error) {
	entries, _, err := db.page(ctx, tableQuery{partition: wordConfig, prefix: prefixRoleID(id)}, nil, 1)
	if err != nil {
		return entitlement.RoleAssignment{}, err
	}
	if len(entries) == 0 {
		return entitlement.RoleAssignment{}, missing(roleMapper.noun)
	}

	a, err := one(ctx, db, roleMapper, roleOfID(keyOf(entries[0])))
	// The same role may have been taken back and given again meanwhile, under another id.
	if err == nil && a.ID != id {
		return entitlement.RoleAssignment{}, missing(roleMapper.noun)
	}
	return a, err
}

// ListRoleAssignments lists all role assignments by who holds them; the items are read
// strongly.
func (db *DB) ListRoleAssignments(ctx context.Context, page entitlement.Page) (entitlement.Paged[entitlement.RoleAssignment], error) {
	return followed(ctx, db, roleMapper, true, tableQuery{index: index2, partition: listPartition(wordRole, "")}, page, keyOf)
}

// maxHeldPages bounds the pages of index entries, each of up to 1 MB, in which the roles of
// one caller are looked for (S21).
const maxHeldPages = 4

// RolesOf returns the role assignments by which a user holds a role anywhere, by itself or
// through a group. The index, which may be late, says where to look; the items are read
// strongly.
func (db *DB) RolesOf(ctx context.Context, u entitlement.User) ([]entitlement.RoleAssignment, error) {
	listed, err := db.RolesListed(ctx, u)
	if err != nil {
		return nil, err
	}
	return db.RolesStill(ctx, listed)
}

// RolesListed returns them as the index has them: who holds which role where. It may be late, and
// says where it is worth looking; nothing is decided on it.
func (db *DB) RolesListed(ctx context.Context, u entitlement.User) ([]entitlement.RoleAssignment, error) {
	own, groups := rolesQueries(u.ID)
	found := make([][]Key, 2)
	err := db.sideBySide(ctx, 2, func(ctx context.Context, i int) (err error) {
		found[i], err = db.entriesOf(ctx, []tableQuery{own, groups}[i])
		return err
	})

	var listed []entitlement.RoleAssignment
	for _, k := range slices.Concat(found...) {
		var a entitlement.RoleAssignment
		if roleAt(&a, k); a.HeldBy(u) {
			listed = append(listed, a)
		}
	}
	return listed, err
}

// RolesStill returns those of role assignments that were listed which there are, read strongly.
func (db *DB) RolesStill(ctx context.Context, listed []entitlement.RoleAssignment) ([]entitlement.RoleAssignment, error) {
	return several(ctx, db, roleMapper, true, keysOf(listed, roleKey))
}

// rolesQueries are the index entries of the roles that a user holds, and of those that groups do.
func rolesQueries(id entitlement.UserID) (own, groups tableQuery) {
	return tableQuery{index: index2, partition: listPartition(wordRole, ""), prefix: join(kindUser, part(id), "")},
		tableQuery{index: index2, partition: listPartition(wordRole, ""), prefix: join(kindGroup, "")}
}

// RolesOfGroup returns the role assignments that a group holds itself, read strongly. What was
// given after its version was read has moved that.
func (db *DB) RolesOfGroup(ctx context.Context, id entitlement.GroupID) ([]entitlement.RoleAssignment, error) {
	entries, err := db.all(ctx, tableQuery{partition: groupKey(id).PK, prefix: prefixRole})
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	return several(ctx, db, roleMapper, true, keysOf(entries, func(it item) Key { return heldRoleAt(keyOf(it)) }))
}

// entriesOf returns the keys of a query's index entries.
func (db *DB) entriesOf(ctx context.Context, w tableQuery) ([]Key, error) {
	var keys []Key
	at := (*cursor)(nil)
	for range maxHeldPages {
		entries, next, err := db.page(ctx, w, at, 0)
		if err != nil {
			return nil, err
		}
		keys = append(keys, keysOf(entries, keyOf)...)
		if at = next; at == nil {
			break
		}
	}
	return keys, nil
}
