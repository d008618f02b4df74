// The pages in Chromium: what people do at them by mouse, by keyboard and without script, and how
// each page is in light and dark, wide and narrow, English and German. What pages there are says
// the route table: one that is not come to by links fails.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';

import { PICTURES, SITE, agree, found, link, patterns, press, reader, seen, tabTo, until } from './reader.mjs';

for (const [how, options] of [['by mouse', {}], ['without script', { javaScriptEnabled: false }]]) {
  test(`asked, approved, held and given back ${how}`, async () => {
    const mei = await reader('member', options);
    await link(mei, 'Find access').click();
    await link(mei, 'Account executive').click();
    await mei.getByLabel('Justification').fill('I take over the customers in Spain.');
    await press(mei, 'Ask for it');
    await until(mei, 'Waits for a decision');
    const asked = mei.url();

    const manager = await reader('manager', options);
    await link(manager, 'Approvals').click();
    await manager.getByRole('link', { name: /^Decide: Account executive/ }).click();
    await press(manager, 'Approve');
    await mei.goto(asked);
    await until(mei, 'Delivered');
    await link(mei, 'My access').click();
    await mei.getByRole('region', { name: 'Account executive', exact: true }).getByRole('button', { name: 'Give back', exact: true }).click();
    await until(mei, 'Removal');
    assert.deepEqual([...mei.complaints, ...manager.complaints], []);
    await Promise.all([mei.context().close(), manager.context().close()]);
  });
}

test('asked and decided by keyboard alone', async () => {
  const other = await reader('other');
  await tabTo(other, 'Find access');
  await other.keyboard.press('Enter');
  await other.waitForURL(/packages$/);
  await tabTo(other, 'Account executive');
  await other.keyboard.press('Enter');
  await other.waitForURL(/packages\/.+/);
  await tabTo(other, 'Justification');
  await other.keyboard.type('I sell.');
  await tabTo(other, 'Ask for it');
  await other.keyboard.press('Enter');
  await until(other, 'Waits for a decision');

  const manager = await reader('manager');
  await tabTo(manager, 'Decide: Account executive');
  await manager.keyboard.press('Enter');
  await manager.waitForURL(/approvals\/.+/);
  await tabTo(manager, 'Justification');
  await manager.keyboard.type('Not now.');
  await tabTo(manager, 'Deny');
  await manager.keyboard.press('Enter');
  await manager.waitForURL(/approvals$/);
  await other.reload();
  await until(other, 'Not now.');
});

for (const locale of ['en', 'de']) {
  test(`pages of the people's side with what is empty, wrong or gone, ${locale}`, async () => {
    const mei = await reader('member', { locale });
    const at = (path) => mei.goto(SITE + path);
    for (const page of ['packages?search=nothing-is-called-this', 'packages?missing=Engineering+starter', 'packages?missing=nobody-knows', 'nothing']) {
      await at(`/${page}`);
      await seen(mei, `${page.replaceAll(/[^a-z]/g, '-')}-${locale}`);
    }

    await at('/packages');
    await mei.getByRole('link', { name: 'Production on call', exact: true }).click();
    await mei.locator('main form').evaluate((f) => { f.noValidate = true; });
    await mei.locator('main form button[type=submit]').click();
    await mei.getByRole('heading', { level: 1 }).waitFor();
    await seen(mei, `package-asked-${locale}`);
    await mei.context().close();
  });
}

for (const [how, options] of [['by mouse', {}], ['without script', { javaScriptEnabled: false }]]) {
  test(`a package with its roles and policies is made and deleted ${how}`, async () => {
    const olga = await reader('owner', options);
    await link(olga, 'Catalogs').click();
    await link(olga, 'Sales').click();
    await link(olga, 'Create a package').click();
    await olga.getByLabel('Name').fill(`Made ${how}`);
    await press(olga, 'Save');
    await link(olga, 'Add a role').click();
    await olga.getByLabel('CRM users · Member').check();
    await press(olga, 'Add the role');
    await agree(olga);
    await link(olga, 'Add a policy').click();
    await olga.getByLabel('Name (required)').fill('One of sales');
    await olga.getByLabel('The people and groups below').check();
    await olga.locator('#seek-targets').fill('tanaka');
    await olga.locator('#seek-targets').press('Enter'); // looks for people, and saves nothing
    await olga.getByLabel('Mei Tanaka').check();
    await olga.locator('#seek-fallback1').fill('olga');
    await press(olga, 'Search for who stands in in step 1');
    await olga.getByLabel('Olga Brandt').check();
    await olga.locator('#name').press('Enter');
    assert.match(await olga.innerText('main'), /For Mei Tanaka\.[^]*Approval by the manager, within 14 days\./);
    await olga.locator('#sure-package').check();
    await press(olga, 'Delete the package');
    assert.doesNotMatch(await olga.innerText('main'), /Made/);
    assert.deepEqual(olga.complaints, []);
    await olga.context().close();
  });
}

for (const locale of ['en', 'de']) {
  test(`pages of the owners' side with what is empty, wrong or gone, ${locale}`, async () => {
    const nobody = await reader('other', { locale });
    await nobody.goto(`${SITE}/catalogs`);
    await seen(nobody, `catalogs-none-${locale}`);
    const olga = await reader('owner', { locale });
    const at = (path) => olga.goto(path.startsWith('http') ? path : SITE + path);
    await at('/catalogs');
    await link(olga, 'Sales').click();
    const catalog = olga.url();
    await link(olga, 'CRM users').click();
    await seen(olga, `resource-${locale}`);
    await at(catalog);
    await link(olga, 'Account executive').click();
    const pkg = olga.url();
    const policy = new URL(await olga.locator('section a[href*="/policies/"]:not([href$="outside"])').getAttribute('href'), SITE).href;
    for (const [name, path] of Object.entries({
      'resource-short': `${catalog}/resources/add?search=x`, 'resource-none': `${catalog}/resources/add?search=nothing`, 'resource-found': `${catalog}/resources/add?search=administrators`, 'role-give': `${catalog}/roles/give?search=an`,
      'try-found': `${pkg}/try?search=an`, policy, outside: `${policy}/outside`, 'package-gone': pkg.replace(/[^/]*$/, '11111111-2222-3333-4444-555555555555'),
    })) {
      await at(path);
      await seen(olga, `${name}-${locale}`);
    }

    await at(`${pkg}/try?search=tanaka`);
    await link(olga, 'Mei Tanaka').click();
    await seen(olga, `try-${locale}`);

    // Each with what is wrong with it.
    await at(`${pkg}/policies/new`);
    await olga.locator('#seek-targets').fill('an');
    await olga.locator('#seek-targets').press('Enter');
    await seen(olga, `policy-looked-${locale}`);
    await olga.locator('#seek-targets').fill('');
    await olga.locator('input[name=stages][value="2"]').check();
    await olga.locator('#days').fill('x');
    await olga.locator('main form button[type=submit]').last().click();
    await olga.getByRole('alert').waitFor();
    await seen(olga, `policy-wrong-${locale}`);
    await at(catalog);
    await olga.locator('main form[action$="/take"] button').first().click();
    await seen(olga, `catalog-last-owner-${locale}`);
    await Promise.all([olga.context().close(), nobody.context().close()]);
  });
}

for (const locale of ['en', 'de']) {
  test(`pages of operations and audit with what is empty, wrong or forbidden, ${locale}`, async () => {
    const admin = await reader('admin', { locale });
    for (const [name, path] of Object.entries({
      'audit-none': '/audit?from=2001-01-01&to=2001-01-02',
      'audit-wrong': '/audit?person=nobody-of-this-name&from=x', 'audit-choose': '/audit?actor=an', 'audit-found': '/audit?person=tanaka',
    })) {
      await admin.goto(SITE + path);
      await seen(admin, `${name}-${locale}`);
    }
    await admin.locator('a[href*="/audit/user/"]').first().click();
    await seen(admin, `audit-object-${locale}`);
    const mei = await reader('member', { locale });
    await mei.goto(`${SITE}/audit`);
    await seen(mei, `audit-forbidden-${locale}`);
    await Promise.all([admin.context().close(), mei.context().close()]);
  });
}

// asker asks for a package, so that others see that it has one more.
async function asker(as, name) {
  const page = await reader(as);
  await page.goto(`${SITE}/packages`);
  await link(page, name).click();
  await press(page, 'Ask for it');
  await page.waitForURL(/requests\/.+/);
  await page.context().close();
}

for (const [locale, comes] of [['en', 'other'], ['de', 'approver']]) {
  test(`whom an edit touches, and what waits for a second person, ${locale}`, async () => {
    const ada = await reader('admin', { locale });
    await ada.goto(`${SITE}/catalogs`);
    await link(ada, 'Kept by two').click();
    const catalog = ada.url();
    await ada.goto(`${catalog}/limit`);
    await seen(ada, `limit-${locale}`);
    await ada.locator('#percent').fill('half');
    await ada.locator('main form button[type=submit]').click();
    await ada.getByRole('alert').waitFor();
    await seen(ada, `limit-wrong-${locale}`);
    await ada.locator('#percent').fill('50');
    await ada.locator('main form button[type=submit]').click();
    await ada.waitForURL(catalog);

    // Somebody comes between the look and the click.
    const olga = await reader('owner', { locale });
    await olga.goto(catalog);
    await link(olga, 'Team drive').click();
    const pkg = olga.url();
    const removed = () => olga.locator('main form[action$="/remove"] button').click();
    await removed();
    await seen(olga, `impact-${locale}`);
    await asker(comes, 'Team drive');
    await agree(olga);
    await olga.getByRole('alert').waitFor();
    await seen(olga, `impact-moved-${locale}`);

    await olga.goto(pkg);
    await removed();
    await agree(olga);
    await olga.waitForURL(/changes\/.+/);
    await seen(olga, `change-mine-${locale}`);
    const marcus = await reader('manager', { locale });
    await marcus.goto(olga.url());
    await seen(marcus, `change-${locale}`);
    await marcus.goto(SITE);
    await seen(marcus, `home-waits-${locale}`);
    await olga.goto(pkg);
    await seen(olga, `package-waits-${locale}`);
    await Promise.all([ada.context().close(), olga.context().close(), marcus.context().close()]);
  });
}

test('a change of roles that a worker goes through', async () => {
  for (const locale of ['en', 'de']) {
    const olga = await reader('owner', { locale });
    await olga.goto(`${SITE}/catalogs`);
    await link(olga, 'Kept by two').click();
    await link(olga, 'Team drive').click();
    const pkg = olga.url();
    const remove = olga.locator('main form[action$="/remove"]').first();
    const scope = (await remove.getAttribute('action')).match(/roles\/([^/]+)\/remove/)[1];
    const form = await remove.locator('input[name=form]').inputValue();
    // With so few holders no link leads there: the page that would ask for it has their names already.
    const { origin } = new URL(SITE);
    const answer = await olga.context().request.post(`${pkg}/roles/impact/jobs`, { form: { form, remove: decodeURIComponent(scope) }, headers: { origin }, maxRedirects: 0 });
    assert.equal(answer.status(), 303, await answer.text());
    await olga.goto(new URL(answer.headers().location, SITE).href);
    await seen(olga, `impact-job-${locale}`);
    await olga.waitForTimeout(500);
    await olga.reload();
    await seen(olga, `impact-job-found-${locale}`);
    await olga.context().close();
  }
});

// elsewhere are pages that only come with more people than there are here.
const elsewhere = [
  '/administration/import/left', // a file, beside a list that is too long for a page
  '/catalogs/{catalog}/packages/{id}/roles/impact/jobs/{job}', '/catalogs/{catalog}/packages/{id}/roles/impact/jobs/{job}/people', // above
];

// named is a name for a picture of a page.
const named = (pattern) => (pattern === '' ? 'home' : pattern.slice(1).replaceAll(/[{}]/g, '').replaceAll('/', '-'));

test('every page of the route table is come to by links, and is as it should be', async () => {
  // Something waits for a decision, something is on its way, and somebody has everything.
  const mei = await reader('member');
  await mei.goto(`${SITE}/packages`);
  await link(mei, 'Account executive').click();
  await mei.getByLabel('Justification').fill('Once more.');
  await press(mei, 'Ask for it');
  await until(mei, 'Waits for a decision');
  await mei.context().close();

  // Many have something, and none of it is delivered whole: they have no account at the target.
  const ada = await reader('admin');
  await link(ada, 'Catalogs').click();
  await link(ada, 'Sales').click();
  await link(ada, 'Sales starter').click();
  await link(ada, 'Assign').click();
  await ada.getByLabel(/^People, one a line/).fill([...Array(30).keys()].map((i) => `newcomer${String(i).padStart(2, '0')}@northwind.example`).join('\n'));
  await press(ada, 'Check the list');
  await press(ada, 'Assign to those that can be (30)');
  await ada.goto(`${SITE}/operations`);
  await until(ada, 'no account at the target system');

  // Nobody is connected from the start.
  await ada.goto(`${SITE}/administration/organizations/new`);
  await ada.locator('#name').fill('Contoso');
  await ada.locator('#domain').fill('contoso.example');
  await press(ada, 'Save');
  await ada.waitForURL(/organizations\/[0-9a-f-]{36}/);
  await ada.context().close();

  const known = new Map();
  for (const as of ['admin', 'owner', 'member', 'manager']) {
    const english = await reader(as);
    const german = await reader(as, { locale: 'de' });
    for (const [pattern, path] of await found(english, known)) {
      known.set(pattern, path);
      const answer = await english.context().request.get(SITE + path);
      if (!answer.headers()['content-type'].startsWith('text/html')) continue; // a file
      await english.goto(SITE + path);
      await seen(english, `${named(pattern)}-en`);
      await german.goto(SITE + path);
      await seen(german, `${named(pattern)}-de`);
    }
    await Promise.all([english.context().close(), german.context().close()]);
  }
  assert.deepEqual(patterns.map((p) => p.pattern).filter((p) => !known.has(p) && !elsewhere.includes(p)), [], 'pages that no link leads to');
});

// Of these the README shows two.
test('pictures for the README', { skip: !PICTURES }, async () => {
  const mei = await reader('member');
  await mei.goto(`${SITE}/packages`);
  await link(mei, 'Production on call').click();
  await mei.screenshot({ path: join(PICTURES, 'asking.png'), fullPage: true });
  const olga = await reader('owner');
  await olga.goto(`${SITE}/catalogs`);
  await link(olga, 'Sales').click();
  await link(olga, 'Account executive').click();
  await olga.screenshot({ path: join(PICTURES, 'keeping.png'), fullPage: true });
  await Promise.all([mei.context().close(), olga.context().close()]);
});

for (const locale of ['en', 'de']) {
  test(`every page of a manager, ${locale}`, async () => {
    const manager = await reader('manager', { locale });
    const at = (path) => manager.goto(path.startsWith('http') ? path : SITE + path);
    await at('/my-people');
    await seen(manager, `my-people-${locale}`);
    await manager.getByRole('link', { name: 'Mei Tanaka', exact: true }).click();
    const mei = manager.url();
    await seen(manager, `my-person-${locale}`);
    await manager.goto(`${SITE}/packages`);
    const pkg = await link(manager, 'Sales starter').getAttribute('href');
    for (const [name, path] of Object.entries({
      'my-people-none': '/my-people?search=zzz', 'my-people-requests': '/my-people/requests', 'my-person-packages': `${mei}/packages`, 'my-person-gone': mei.replace(/[^/]*$/, '11111111-2222-3333-4444-555555555555'),
      'others-none': `${new URL(pkg, SITE).href}/others`, 'others-unknown': `${new URL(pkg, SITE).href}/others?for=nobody`,
    })) {
      await at(path);
      await seen(manager, `${name}-${locale}`);
    }
    const nobody = await reader('member', { locale });
    await nobody.goto(`${SITE}/my-people`);
    await seen(nobody, `my-people-empty-${locale}`);
    await Promise.all([manager.context().close(), nobody.context().close()]);
  });
}

for (const locale of ['en', 'de']) {
  test(`what whoever decides sees, ${locale}`, async () => {
    const other = await reader('other', { locale });
    await other.goto(`${SITE}/packages`);
    await link(other, 'Account executive').click();
    await other.locator('#justification').fill('I sell.');
    await other.locator('main form button[type=submit]').click();
    await other.waitForURL(/requests\/.+/);
    const request = other.url();

    const manager = await reader('manager', { locale });
    const decide = request.replace('/requests/', '/approvals/');
    await manager.goto(decide);
    await seen(manager, `approval-${locale}`);
    await manager.locator('#until').evaluate((f) => { f.removeAttribute('max'); });
    await manager.locator('#until').fill('2000-01-01');
    await manager.locator('button[value=approve]').click();
    await manager.getByRole('alert').waitFor();
    await seen(manager, `approval-wrong-${locale}`);
    await manager.goto(decide);
    await manager.locator('button[value=deny]').click();
    await manager.waitForURL(/approvals$/);
    await Promise.all([manager.context().close(), other.context().close()]);
  });
}

for (const locale of ['en', 'de']) {
  test(`every form of those who administer, ${locale}`, async () => {
    const admin = await reader('admin', { locale });
    for (const [name, path] of Object.entries({
      administration: '/administration', connectors: '/administration/connectors', 'connector-new': '/administration/connectors/new',
      organizations: '/administration/organizations', 'organization-new': '/administration/organizations/new',
      'person-new': '/administration/people/new', groups: '/administration/groups', 'groups-none': '/administration/groups?search=nothing-of-this-name', 'group-new': '/administration/groups/new',
      import: '/administration/import', settings: '/administration/settings',
    })) {
      await admin.goto(SITE + path);
      await seen(admin, `${name}-${locale}`);
    }

    // One of each, and each with what is wrong with it.
    await admin.goto(`${SITE}/administration/connectors`);
    await admin.locator('main tbody a').first().click();
    await seen(admin, `connector-${locale}`);
    await admin.goto(`${SITE}/administration/groups`);
    await admin.locator('main tbody a').first().click();
    await seen(admin, `group-${locale}`);
    for (const form of ['connectors', 'organizations', 'people', 'groups']) {
      await admin.goto(`${SITE}/administration/${form}/new`);
      await admin.locator('main form button[type=submit]').last().click();
      await admin.getByRole('alert').waitFor();
      await seen(admin, `${form}-wrong-${locale}`);
    }
    await admin.goto(`${SITE}/administration/import`);
    await admin.locator('#lines').fill('userPrincipalName,displayName,department\nmember@northwind.example,,Spain\nnew@northwind.example,New,\n,nobody,');
    await admin.locator('main form button[type=submit]').last().click();
    await admin.locator('main table').waitFor();
    await seen(admin, `import-checked-${locale}`);
    await admin.goto(`${SITE}/catalogs`);
    await link(admin, 'Sales').click();
    await admin.locator('main a[href*="/resources/"]:not([href$="/add"])').first().click();
    await admin.locator('main a[href*="/roles/"]').first().click();
    await seen(admin, `role-holders-${locale}`);
    await admin.context().close();
  });
}
