// Each page in its states, found by what links lead to: the one of its kind with the least on it,
// the one with the most, and one where something fails; gone, for an id that nothing has; and
// forbidden, for somebody who is nobody there.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SITE, link, patternOf, press, reader, seen, until, walked } from './reader.mjs';

const failing = /class="state (deliveryFailed|partiallyDelivered)|class="bad"/;
const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const titled = (source) => source.match(/<h1[^>]*>(.*?)<\/h1>/s)?.[1];

// kindsOf are the addresses of each page whose states differ most.
async function kindsOf(page) {
  const kinds = new Map();
  for (const { path, source } of await walked(page, 12)) {
    const pattern = patternOf(path);
    if (pattern === undefined || source === '') continue; // a file
    const of = kinds.get(pattern) ?? {};
    if (!of.least || source.length < of.least.size) of.least = { path, size: source.length };
    if (!of.most || source.length > of.most.size) of.most = { path, size: source.length };
    if (!of.fails && failing.test(source)) of.fails = { path };
    kinds.set(pattern, of);
  }
  return kinds;
}

test('each page with nothing on it, with much, and with what fails', async () => {
  const ada = await reader('admin');
  await ada.goto(`${SITE}/catalogs`);
  await link(ada, 'Sales').click();
  await link(ada, 'Sales starter').click();
  await link(ada, 'Assign').click();
  await ada.getByLabel(/^People, one a line/).fill([...Array(30).keys()].map((i) => `newcomer${String(i).padStart(2, '0')}@northwind.example`).join('\n'));
  await press(ada, 'Check the list');
  await press(ada, 'Assign to those that can be (30)');
  await ada.goto(`${SITE}/operations`);
  await until(ada, 'no account at the target system');
  await ada.context().close();

  const told = { least: [], most: [], fails: [] };
  const english = await reader('admin');
  const german = await reader('admin', { locale: 'de' });
  for (const [pattern, of] of await kindsOf(english)) {
    const looked = new Set();
    for (const [state, it] of Object.entries(of)) {
      told[state].push(pattern);
      if (looked.has(it.path)) continue;
      looked.add(it.path);
      const name = `${pattern.slice(1).replaceAll(/[{}]/g, '').replaceAll('/', '-')}-${state}`;
      await english.goto(SITE + it.path);
      await seen(english, `${name}-en`);
      await german.goto(SITE + it.path);
      await seen(german, `${name}-de`);
    }
  }
  assert.ok(told.fails.length >= 8, `few pages where something fails were found: ${told.fails.join(' ')}`);
  console.log(`${told.least.length} pages with least, ${told.most.length} with most, ${told.fails.length} where something fails`);
  await Promise.all([english.context().close(), german.context().close()]);
});

test('each page that is gone, and each that is not for whoever asks', async () => {
  const ada = await reader('admin');
  const first = new Map();
  for (const { path } of await walked(ada, 2)) {
    const pattern = patternOf(path);
    // A place in a list is good for whoever was given it alone.
    if (pattern !== undefined && !first.has(pattern) && !path.includes('page=')) first.set(pattern, path);
  }
  const paths = [...first];

  const titles = new Map(); // a page of each is looked at
  let gone = 0;
  let forbidden = 0;
  for (const [pattern, path] of paths) {
    if (!/\{/.test(pattern)) continue;
    const [plain] = path.split('?');
    if (!uuid.test(plain)) continue;
    const nothing = plain.replaceAll(uuid, '11111111-2222-4333-8444-555555555555');
    const answer = await ada.context().request.get(SITE + nothing);
    if (answer.status() === 200) continue; // a list of what anybody might have, with nothing in it
    assert.equal(answer.status(), 404, nothing);
    const title = titled(await answer.text());
    assert.ok(title, `${nothing} has no heading`);
    if (!titles.has(title)) titles.set(title, ['admin', nothing]);
    gone += 1;
  }

  const other = await reader('other');
  for (const [, path] of paths) {
    const answer = await other.context().request.get(SITE + path);
    if (answer.status() === 200) continue; // what is anybody's
    assert.ok([403, 404].includes(answer.status()), `${path}: ${answer.status()}`);
    const source = await answer.text();
    assert.doesNotMatch(source, /northwind\.example/, `${path} tells something all the same`);
    const title = titled(source);
    assert.ok(title, `${path} has no heading`);
    if (!titles.has(title)) titles.set(title, ['other', path]);
    forbidden += 1;
  }
  assert.ok(gone >= 20 && forbidden >= 20, `${gone} are gone, ${forbidden} forbidden`);

  for (const [title, [as, path]] of titles) {
    for (const locale of ['en', 'de']) {
      const page = await reader(as, { locale });
      await page.goto(SITE + path);
      await seen(page, `${title.replaceAll(/[^A-Za-z]+/g, '-')}-${locale}`);
      await page.context().close();
    }
  }
  console.log(`${gone} pages are gone, ${forbidden} forbidden, under ${titles.size} headings`);
  await Promise.all([ada.context().close(), other.context().close()]);
});
