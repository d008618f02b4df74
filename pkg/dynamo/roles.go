package dynamo

import (
	"context"
	"slices"

	"leasehold/pkg/entitlement"
)

// Role assignments lie beside what they are for, so that all that hold in a catalog are one
// query: in the partition of the catalog, and those of the whole organisation in that of the
// configuration. The first index finds one by its id, the second lists all by who holds them.

const tagRole = "ROLE"

var roleMapper = mapper[entitlement.RoleAssignment]{
	tag: tagRole, noun: "role assignment", part: entitlement.PartConfiguration,
	key:  roleKey,
	name: roleAt,
	meta: func(a *entitlement.RoleAssignment) *entitlement.Meta { return &a.Meta },
	indexKeys: func(a entitlement.RoleAssignment) indexKeys {
		return indexKeys{first: roleIDIndexKey(a.ID), second: roleHolderIndexKey(a)}
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

// RoleAssignment returns a role assignment by its id.
func (db *DB) RoleAssignment(ctx context.Context, id entitlement.RoleAssignmentID) (entitlement.RoleAssignment, error) {
	at := roleIDIndexKey(id)
	entries, _, err := db.page(ctx, tableQuery{index: index1, partition: at.partition, prefix: at.sort}, nil, 1)
	if err != nil {
		return entitlement.RoleAssignment{}, err
	}
	if len(entries) == 0 {
		return entitlement.RoleAssignment{}, missing(roleMapper.noun)
	}
	return one(ctx, db, roleMapper, keyOf(entries[0]))
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
	own := tableQuery{index: index2, partition: listPartition(wordRole, ""), prefix: join(kindUser, part(u.ID), "")}
	groups := tableQuery{index: index2, partition: listPartition(wordRole, ""), prefix: join(kindGroup, "")}

	found := make([][]Key, 2)
	err := db.sideBySide(ctx, 2, func(ctx context.Context, i int) (err error) {
		found[i], err = db.entriesOf(ctx, []tableQuery{own, groups}[i])
		return err
	})
	if err != nil {
		return nil, err
	}

	keys := slices.DeleteFunc(slices.Concat(found...), func(k Key) bool {
		var a entitlement.RoleAssignment
		roleAt(&a, k)
		return !a.HeldBy(u)
	})
	return several(ctx, db, roleMapper, true, keys)
}

// RolesOfGroup returns the role assignments that a group holds itself.
func (db *DB) RolesOfGroup(ctx context.Context, id entitlement.GroupID) ([]entitlement.RoleAssignment, error) {
	keys, err := db.entriesOf(ctx, tableQuery{index: index2, partition: listPartition(wordRole, ""), prefix: join(kindGroup, part(id), "")})
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	return several(ctx, db, roleMapper, true, keys)
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
