"""Microsoft Graph's SDK for Python lists, pages, asks, decides and sends batches.

It is told the address and the token, and nothing else of it is changed.
"""

import os

# Read by Python's own TLS when the first connection is made: https is trusted by the
# certificate of the stack alone.
os.environ["SSL_CERT_FILE"] = os.environ["LEASEHOLD_CA"]

import asyncio
import logging
import time
import unittest

from azure.core.credentials import AccessToken
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.api_error import APIError
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.identity_governance.entitlement_management.access_packages.access_packages_request_builder import AccessPackagesRequestBuilder
from msgraph.generated.identity_governance.entitlement_management.assignment_policies.assignment_policies_request_builder import AssignmentPoliciesRequestBuilder
from msgraph.generated.identity_governance.entitlement_management.assignments.assignments_request_builder import AssignmentsRequestBuilder
from msgraph.generated.models.access_package import AccessPackage
from msgraph.generated.models.access_package_assignment import AccessPackageAssignment
from msgraph.generated.models.access_package_assignment_request import AccessPackageAssignmentRequest
from msgraph.generated.models.access_package_catalog import AccessPackageCatalog
from msgraph.generated.models.access_package_request_state import AccessPackageRequestState
from msgraph.generated.models.access_package_request_type import AccessPackageRequestType
from msgraph.generated.models.approval_stage import ApprovalStage
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_item import BatchRequestItem
from msgraph_core.tasks.page_iterator import PageIterator

# unittest runs its loop in debug mode, which tells of every step that took a tenth of a second.
logging.getLogger("asyncio").setLevel(logging.ERROR)

BASE = os.environ["LEASEHOLD_SECURE_URL"]
MISSING = "00000000-0000-4000-8000-000000000000"
WITHIN = 90  # seconds that a delivery may take on a busy machine


class Token:
    """The access token of an account, in the form that the SDK takes credentials in."""

    def __init__(self, account):
        self.text = os.environ["LEASEHOLD_TOKEN_" + account.upper()]

    def get_token(self, *scopes, **options):
        return AccessToken(self.text, int(time.time()) + 3000)


def client(account):
    host = BASE.split("//")[1].split(":")[0]
    adapter = GraphRequestAdapter(AzureIdentityAuthenticationProvider(Token(account), scopes=["leasehold"], allowed_hosts=[host]))
    adapter.base_url = BASE + "/v1.0"
    return GraphServiceClient(request_adapter=adapter)


def management(of):
    return of.identity_governance.entitlement_management


def query(builder, name, **options):
    """The options of one call, in the type that the SDK generated for it."""
    return RequestConfiguration(query_parameters=getattr(builder, name)(**options))


def packages(**options):
    return query(AccessPackagesRequestBuilder, "AccessPackagesRequestBuilderGetQueryParameters", **options)


async def eventually(ask, good):
    deadline = time.monotonic() + WITHIN
    while True:
        seen = await ask()
        if good(seen):
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {WITHIN} s; last seen: {seen}")
        await asyncio.sleep(0.3)


class Leasehold(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.admin, self.manager, self.other = client("admin"), client("manager"), client("other")

    async def asyncTearDown(self):
        for each in (self.admin, self.manager, self.other):
            await each.request_adapter._http_client.aclose()

    async def package_named(self, name):
        found = await management(self.admin).access_packages.get(packages(filter=f"displayName eq '{name}'", expand=["catalog"]))
        self.assertEqual([name], [each.display_name for each in found.value])
        return found.value[0]

    async def policy_of(self, package):
        found = await management(self.admin).assignment_policies.get(query(
            AssignmentPoliciesRequestBuilder, "AssignmentPoliciesRequestBuilderGetQueryParameters", filter=f"accessPackage/id eq '{package.id}'"))
        return found.value[0]

    async def test_lists_with_a_filter_and_an_expansion(self):
        package = await self.package_named("Account executive")
        self.assertEqual("Sales", package.catalog.display_name)
        self.assertIsNotNone(package.created_date_time.tzinfo)

    async def test_pages_through_a_list_each_row_once(self):
        catalog = await management(self.admin).catalogs.post(AccessPackageCatalog(display_name=f"Catalog Python {time.time_ns()}", description="Of a client"))
        names = {f"Package Python {time.time_ns()} {number}" for number in range(7)}
        for name in names:
            await management(self.admin).access_packages.post(AccessPackage(display_name=name, description="One of seven", catalog=AccessPackageCatalog(id=catalog.id)))

        first = await management(self.admin).access_packages.get(packages(filter=f"catalog/id eq '{catalog.id}'", top=3))
        self.assertEqual(3, len(first.value))
        self.assertTrue(first.odata_next_link.startswith(BASE + "/"), "https stays https")
        seen = []
        await PageIterator(first, self.admin.request_adapter).iterate(lambda each: seen.append(each.display_name) or True)
        self.assertEqual(sorted(names), sorted(seen))

    async def test_asks_and_the_manager_decides(self):
        package = await self.package_named("Account executive")
        policy = await self.policy_of(package)
        asked = await management(self.other).assignment_requests.post(AccessPackageAssignmentRequest(
            request_type=AccessPackageRequestType.UserAdd, justification="To sell",
            assignment=AccessPackageAssignment(additional_data={"accessPackageId": package.id, "assignmentPolicyId": policy.id})))
        self.assertEqual(AccessPackageRequestState.Submitted, asked.state)

        approvals = management(self.manager).access_package_assignment_approvals
        waiting = await approvals.filter_by_current_user_with_on("approver").get()
        self.assertIn(asked.id, [each.id for each in waiting.value])
        stages = await approvals.by_approval_id(asked.id).stages.get()
        self.assertEqual("NotReviewed", stages.value[0].review_result)
        await approvals.by_approval_id(asked.id).stages.by_approval_stage_id(stages.value[0].id).patch(
            ApprovalStage(review_result="Approve", justification="Fine"))

        request = management(self.other).assignment_requests.by_access_package_assignment_request_id(asked.id)
        await eventually(request.get, lambda seen: seen.state == AccessPackageRequestState.Delivered)
        decided = await approvals.by_approval_id(asked.id).stages.by_approval_stage_id(stages.value[0].id).get()
        self.assertEqual("Approve", decided.review_result.removesuffix("d"))
        self.assertEqual("Marcus Hale", decided.reviewed_by.display_name)

        # Taken away again, so that the test can run twice on one stack.
        held = await management(self.admin).assignments.get(query(
            AssignmentsRequestBuilder, "AssignmentsRequestBuilderGetQueryParameters", filter=f"accessPackage/id eq '{package.id}' and state eq 'delivered'", expand=["target"]))
        self.assertEqual(["Otto Lindqvist"], [each.target.display_name for each in held.value])
        removal = await management(self.admin).assignment_requests.post(AccessPackageAssignmentRequest(
            request_type=AccessPackageRequestType.AdminRemove, assignment=AccessPackageAssignment(id=held.value[0].id)))
        self.assertIsNotNone(removal.id)

    async def test_sends_a_batch(self):
        first = BatchRequestItem(self.admin.me.to_get_request_information())
        second = BatchRequestItem(management(self.admin).catalogs.to_post_request_information(
            AccessPackageCatalog(display_name=f"Catalog Python {time.time_ns()}", description="Of a batch")), depends_on=[first])
        third = BatchRequestItem(management(self.admin).catalogs.by_access_package_catalog_id(MISSING).to_get_request_information(), depends_on=[second])
        fourth = BatchRequestItem(self.admin.me.to_get_request_information(), depends_on=[third])
        content = BatchRequestContent()
        for each in (first, second, third, fourth):
            content.add_request(each.id, each)

        answers = await self.admin.batch.post(content)
        statuses = [answers.get_response_by_id(each.id).status for each in (first, second, third, fourth)]
        self.assertEqual([200, 201, 404, 424], statuses)

    async def test_a_refusal_is_the_error_that_the_sdk_knows(self):
        with self.assertRaises(APIError) as caught:
            await management(self.other).catalogs.post(AccessPackageCatalog(display_name="Not mine"))
        self.assertEqual(403, caught.exception.response_status_code)
        self.assertTrue(caught.exception.error.code)
        self.assertTrue(caught.exception.error.message)


if __name__ == "__main__":
    unittest.main()
