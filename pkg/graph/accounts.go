package graph

import (
	"context"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/graph/odata"
	"leasehold/pkg/requests"
)

// accountsPath lists the accounts at targets that were made for somebody.
const accountsPath = ours + "/accounts/{userId}"

func listAccounts(ctx context.Context, c *call) (response, error) {
	return list(ctx, c, accountType(), sliced(c.deps.Requests.AccountsOf(ctx, c.by.Caller, id[entitlement.UserID](c, "userId"))))
}

func accountType() entityType[requests.TargetAccount] {
	return entityType[requests.TargetAccount]{set: "leasehold/accounts", mapper: mapAccount, navigation: noNavigation}
}

// mapAccount shows an account. Its id is the mark that it carries at the target, by which its
// events are found.
func mapAccount(a requests.TargetAccount) object {
	return object{
		"id": a.Mark, "connector": object{"id": string(a.Connector), "displayName": text(a.Name)}, "originId": odata.Exact(a.Ref), "state": string(a.State),
		"stateDateTime": instant(a.Since), "isDisabledByOthers": a.Others, "isConfirmed": !a.Unconfirmed,
		"reason": text(a.Reason), "detail": text(a.Detail), "attempts": a.Attempts, "nextAttemptDateTime": instant(a.Next),
	}
}
