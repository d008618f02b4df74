// Microsoft Graph's JavaScript client from catalog to removal, over https: this client
// sends its token in no other way. It is told the address and the token, and nothing else
// of it is changed.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

const {
  AuthenticationHandler, BatchRequestContent, BatchResponseContent, Client, HTTPMessageHandler, PageIterator,
  RetryHandler, RetryHandlerOptions, TelemetryHandler,
} = createRequire(import.meta.url)('@microsoft/microsoft-graph-client');

const base = process.env.LEASEHOLD_SECURE_URL;
const em = '/identityGovernance/entitlementManagement';
const token = (account) => process.env[`LEASEHOLD_TOKEN_${account.toUpperCase()}`];
const settings = { baseUrl: base, defaultVersion: 'v1.0', customHosts: new Set([new URL(base).hostname]) };

const as = (account) => Client.init({ ...settings, authProvider: (done) => done(null, token(account)) });
const admin = as('admin');
const member = as('member');

let made = 0;
const unique = (what) => `${what} JS ${Date.now()}-${made += 1}`;

// eventually asks until the answer is good enough, and gives up after a minute and a half.
async function eventually(what, ask, good) {
  const deadline = Date.now() + 90_000;
  for (;;) {
    const seen = await ask();
    if (good(seen)) return seen;
    assert.ok(Date.now() < deadline, `${what}: not in time; last seen: ${JSON.stringify(seen)}`);
    await pause(300);
  }
}

const groupBody = () => ({ displayName: unique('Group'), mailEnabled: false, mailNickname: `js${Date.now()}`, securityEnabled: true });
const catalogBody = () => ({ displayName: unique('Catalog'), description: 'Of a client', state: 'published', isExternallyVisible: false });

// offer makes all that a member needs in order to ask: catalog, group, resource, package, role and policy.
async function offer() {
  const catalog = await admin.api(`${em}/catalogs`).post(catalogBody());
  const group = await admin.api('/groups').post(groupBody());
  const added = await admin.api(`${em}/resourceRequests`).post({
    requestType: 'adminAdd', catalog: { id: catalog.id }, resource: { originId: group.id, originSystem: 'AadGroup' },
  });
  assert.ok(added.id);

  const { value: [resource] } = await admin.api(`${em}/catalogs/${catalog.id}/resources`)
    .filter(`originId eq '${group.id}'`).expand('roles,scopes').get();
  const pack = await admin.api(`${em}/accessPackages`).post({ displayName: unique('Package'), description: 'Of a client', catalog: { id: catalog.id } });
  const role = resource.roles.find((each) => each.displayName === 'Member');
  await admin.api(`${em}/accessPackages/${pack.id}/resourceRoleScopes`).post({
    role: { originId: role.originId, originSystem: role.originSystem, displayName: role.displayName, resource: { id: resource.id, originId: group.id, originSystem: 'AadGroup' } },
    scope: { originId: resource.scopes[0].originId, originSystem: 'AadGroup', isRootScope: true },
  });

  const policy = await admin.api(`${em}/assignmentPolicies`).post({
    displayName: unique('Policy'), description: 'Everybody', accessPackage: { id: pack.id }, allowedTargetScope: 'allMemberUsers',
    requestorSettings: { enableTargetsToSelfAddAccess: true, enableTargetsToSelfRemoveAccess: true },
    expiration: { type: 'noExpiration' },
  });
  return { catalog, group, pack, policy };
}

const holders = async (group) => (await admin.api(`/groups/${group}/members`).get()).value.map((each) => each.id);

test('a member asks for a package, has it, and an administrator takes it away', async () => {
  const { group, pack, policy } = await offer();
  const me = await member.api('/me').get();

  const asked = await member.api(`${em}/assignmentRequests`).post({
    requestType: 'userAdd', assignment: { accessPackageId: pack.id, assignmentPolicyId: policy.id },
  });
  await eventually('the request', () => member.api(`${em}/assignmentRequests/${asked.id}`).get(), (seen) => seen.state === 'delivered');
  assert.deepEqual(await holders(group.id), [me.id]);

  const { value: [held] } = await admin.api(`${em}/assignments`).filter(`accessPackage/id eq '${pack.id}'`).expand('target,accessPackage').get();
  assert.equal(held.state, 'delivered');
  assert.equal(held.target.objectId, me.id);
  assert.equal(held.accessPackage.id, pack.id);

  const removal = await admin.api(`${em}/assignmentRequests`).post({ requestType: 'adminRemove', assignment: { id: held.id } });
  await eventually('the removal', () => admin.api(`${em}/assignmentRequests/${removal.id}`).get(), (seen) => seen.state === 'delivered');
  assert.deepEqual(await holders(group.id), []);
});

test('PageIterator follows a list over several pages, each row once', async () => {
  const catalog = await admin.api(`${em}/catalogs`).post(catalogBody());
  const names = Array.from({ length: 7 }, () => unique('Package'));
  for (const displayName of names) {
    await admin.api(`${em}/accessPackages`).post({ displayName, description: 'One of seven', catalog: { id: catalog.id } });
  }

  const pages = [];
  const counting = { execute: async (context) => { pages.push(context.request); await counting.next.execute(context); }, setNext: (next) => { counting.next = next; } };
  const client = Client.initWithMiddleware({
    ...settings, middleware: chain(counting),
  });
  const first = await client.api(`${em}/accessPackages`).filter(`catalog/id eq '${catalog.id}'`).top(3).get();
  assert.ok(first['@odata.nextLink'].startsWith(`${base}/`), 'https stays https');

  const seen = [];
  await new PageIterator(client, first, (each) => { seen.push(each.displayName); return true; }).iterate();
  assert.deepEqual(seen.sort(), names.sort());
  assert.equal(pages.length, 3);
});

test('a batch makes things in their order, and says what failed', async () => {
  const request = (path, init) => new Request(`${base}${path}`, init); // the client takes off the host
  const post = (path, body) => request(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  const content = await new BatchRequestContent([
    { id: 'first', request: post(`${em}/catalogs`, catalogBody()) },
    { id: 'second', dependsOn: ['first'], request: request('/me', { method: 'GET' }) },
    { id: 'third', dependsOn: ['second'], request: request(`${em}/catalogs/00000000-0000-4000-8000-000000000000`, { method: 'GET' }) },
  ]).getContent();

  const answers = new BatchResponseContent(await admin.api('/$batch').post(content));
  assert.equal(answers.getResponseById('first').status, 201);
  const me = answers.getResponseById('second');
  assert.equal(me.status, 200);
  assert.equal((await me.json()).userPrincipalName.split('@')[0], 'admin');
  const missing = answers.getResponseById('third');
  assert.equal(missing.status, 404);
  assert.ok((await missing.json()).error.code);
});

// chain is the client's own chain of handlers with one more where the network is.
function chain(last) {
  return [
    new AuthenticationHandler({ getAccessToken: async () => token('admin') }),
    new RetryHandler(new RetryHandlerOptions(1, 3)),
    new TelemetryHandler(), last, new HTTPMessageHandler(),
  ];
}

for (const status of [429, 503, 504]) {
  test(`a POST whose answer is lost to ${status} is repeated by the client and has one effect`, async () => {
    const attempts = [];
    const losing = {
      setNext: (next) => { losing.next = next; },
      // Behind a gateway that gave up the work is done all the same; 429 and 503 come before it.
      execute: async (context) => {
        attempts.push(context.options.headers);
        if (attempts.length > 1 || status === 504) await losing.next.execute(context);
        if (attempts.length === 1) context.response = new Response(null, { status, headers: { 'Retry-After': '1' } });
      },
    };
    const client = Client.initWithMiddleware({ ...settings, middleware: chain(losing) });

    const body = catalogBody();
    const answer = await client.api(`${em}/catalogs`).post(body);
    const { value } = await admin.api(`${em}/catalogs`).filter(`displayName eq '${body.displayName}'`).get();
    assert.equal(attempts.length, 2);
    assert.deepEqual(value.map((each) => each.id), [answer.id]);
  });
}

test('an error carries its code, its message and the id of the call', async () => {
  await assert.rejects(member.api(`${em}/catalogs`).post(catalogBody()), (error) => {
    assert.equal(error.statusCode, 403);
    assert.ok(error.code && error.message && error.requestId);
    return true;
  });
});
