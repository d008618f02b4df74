// The pages in Chromium: what people do at them by mouse, by keyboard and without script, and how
// each page is in light and dark, wide and narrow, English and German. It is told by its
// environment where the site is (SITE), which browser to take (BROWSER), and where to put
// pictures, if anywhere (PICTURES).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { HtmlValidate } from 'html-validate';
import { chromium } from 'playwright-core';

const { SITE, BROWSER, PICTURES } = process.env;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const wcag = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const validate = new HtmlValidate({
  extends: ['html-validate:standard', 'html-validate:document'],
  // Matters of spelling alone: attributes without a value, and entities where none is needed.
  rules: { 'attribute-boolean-style': 'off', 'no-raw-characters': 'off', 'no-trailing-whitespace': 'off', 'doctype-style': 'off', 'void-style': 'off', 'long-title': 'off', 'attribute-empty-style': 'off', 'require-sri': ['error', { target: 'crossorigin' }] },
});

let browser;
before(async () => { browser = await chromium.launch({ executablePath: BROWSER, args: ['--no-sandbox'] }); });
after(() => browser?.close());

// reader is somebody at the pages. What the browser complains about is remembered.
async function reader(as, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 800 }, ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on('console', (m) => { if (m.type() === 'error' && !/status of 4\d\d/.test(m.text())) page.complaints.push(m.text()); });
  page.on('request', (r) => { if (!r.url().startsWith(new URL(SITE).origin) && r.isNavigationRequest() === false) page.complaints.push(`asked ${r.url()}`); });
  await page.goto(SITE);
  await page.getByRole('button', { name: as, exact: true }).click();
  await page.getByRole('heading', { level: 1 }).waitFor();
  return page;
}

// seen looks at the page that is open: in every way of showing it.
async function seen(page, name) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const width of [1100, 320]) {
      await page.setViewportSize({ width, height: 800 });
      if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      const { broken, wider } = await page.evaluate(`${axe};(async () => {
        const found = await axe.run({ runOnly: ${JSON.stringify(wcag)} });
        return { broken: found.violations.map((v) => v.id + ': ' + v.nodes[0].html), wider: document.documentElement.scrollWidth - innerWidth };
      })()`);
      assert.deepEqual(broken, [], `${name}, ${width}, ${colorScheme}`);
      assert.ok(wider <= 0, `${name} is ${wider} px wider than ${width}`);
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1100, height: 800 });

  const source = await (await page.context().request.get(page.url())).text();
  const report = await validate.validateString(source);
  assert.deepEqual(report.results.flatMap((r) => r.messages.map((m) => `${m.ruleId}: ${m.message} (${m.line}:${m.column})`)), [], name);
  assert.ok(Buffer.byteLength(source) <= 60_000, `${name} is ${Buffer.byteLength(source)} bytes`);
  assert.deepEqual(page.complaints, [], name);
}

const link = (page, name) => page.getByRole('link', { name, exact: true }).first();
const press = (page, name) => page.getByRole('button', { name, exact: true }).click();

// until opens the page again until it says something.
async function until(page, text) {
  for (let i = 0; i < 100; i += 1) {
    if ((await page.innerText('main')).includes(text)) return;
    await page.waitForTimeout(100);
    await page.reload();
  }
  assert.fail(`${page.url()} does not come to say ${text}`);
}

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
    await press(mei, 'Give back');
    await until(mei, 'Removal');
    assert.deepEqual([...mei.complaints, ...manager.complaints], []);
    await Promise.all([mei.context().close(), manager.context().close()]);
  });
}

// tabTo moves the focus with the keyboard alone.
async function tabTo(page, name) {
  for (let i = 0; i < 60; i += 1) {
    await page.keyboard.press('Tab');
    const here = await page.evaluate(() => {
      const e = document.activeElement;
      return (e.getAttribute('aria-label') ?? e.labels?.[0]?.innerText ?? e.innerText ?? '').trim();
    });
    if (here.startsWith(name)) return;
  }
  assert.fail(`the keyboard does not reach ${name}`);
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
  test(`every page of the people's side, ${locale}`, async () => {
    const mei = await reader('member', { locale });
    const at = (path) => mei.goto(SITE + path);
    await seen(mei, `home-${locale}`);
    for (const page of ['packages', 'access', 'requests', 'approvals', 'packages?search=nothing-is-called-this', 'packages?missing=Engineering+starter', 'packages?missing=nobody-knows', 'nothing']) {
      await at(`/${page}`);
      await seen(mei, `${page.replaceAll(/[^a-z]/g, '-')}-${locale}`);
    }

    await at('/packages');
    await mei.getByRole('link', { name: 'Production on call', exact: true }).click();
    await seen(mei, `package-${locale}`);
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
  test(`every page of the owners' side, ${locale}`, async () => {
    const nobody = await reader('other', { locale });
    await nobody.goto(`${SITE}/catalogs`);
    await seen(nobody, `catalogs-none-${locale}`);
    const olga = await reader('owner', { locale });
    const at = (path) => olga.goto(path.startsWith('http') ? path : SITE + path);
    await at('/catalogs');
    await seen(olga, `catalogs-${locale}`);
    await link(olga, 'Sales').click();
    const catalog = olga.url();
    await link(olga, 'CRM users').click();
    await seen(olga, `resource-${locale}`);
    await at(catalog);
    await link(olga, 'Account executive').click();
    const pkg = olga.url();
    const policy = new URL(await olga.locator('section a[href*="/policies/"]:not([href$="outside"])').getAttribute('href'), SITE).href;
    for (const [name, path] of Object.entries({
      catalog, 'catalog-edit': `${catalog}/edit`, 'catalog-packages': `${catalog}/packages`, 'catalog-resources': `${catalog}/resources`, 'resource-add': `${catalog}/resources/add`,
      'resource-short': `${catalog}/resources/add?search=x`, 'resource-none': `${catalog}/resources/add?search=nothing`, 'resource-found': `${catalog}/resources/add?search=administrators`, 'role-give': `${catalog}/roles/give?search=an`,
      'package-new': `${catalog}/packages/new`, 'package-kept': pkg, 'package-edit': `${pkg}/edit`, 'role-add': `${pkg}/roles/add`, 'try-none': `${pkg}/try`, 'try-found': `${pkg}/try?search=an`, 'policy-new': `${pkg}/policies/new`, policy, outside: `${policy}/outside`, 'catalog-new': '/catalogs/new', 'package-gone': pkg.replace(/[^/]*$/, '11111111-2222-3333-4444-555555555555'),
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
  test(`every page of operations and audit, ${locale}`, async () => {
    const admin = await reader('admin', { locale });
    for (const [name, path] of Object.entries({
      operations: '/operations', removals: '/operations/removals', loosened: '/operations/loosened', figures: '/operations/figures', 'my-settings': '/my-settings', audit: '/audit', 'audit-none': '/audit?from=2001-01-01&to=2001-01-02',
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
