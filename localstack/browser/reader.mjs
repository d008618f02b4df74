// Somebody at the pages in Chromium, and how a page that is open is looked at. It is told by its
// environment where the site is (SITE), which browser to take (BROWSER), where to put pictures, if
// anywhere (PICTURES), and what pages there are (PATTERNS).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before } from 'node:test';

import { HtmlValidate } from 'html-validate';
import { chromium } from 'playwright-core';

export const { SITE, PICTURES } = process.env;
const { BROWSER, PATTERNS } = process.env;
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
export async function reader(as, options = {}) {
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
export async function seen(page, name) {
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
  if (PICTURES) {
    await page.emulateMedia({ colorScheme: 'dark', forcedColors: 'active' });
    await page.setViewportSize({ width: 1100, height: 800 });
    await page.screenshot({ path: join(PICTURES, `${name}-1100-forced.png`), fullPage: true });
  }
  await page.emulateMedia({ colorScheme: 'light', forcedColors: 'none' });
  await page.setViewportSize({ width: 1100, height: 800 });

  const source = await (await page.context().request.get(page.url())).text();
  const report = await validate.validateString(source);
  assert.deepEqual(report.results.flatMap((r) => r.messages.map((m) => `${m.ruleId}: ${m.message} (${m.line}:${m.column})`)), [], name);
  assert.doesNotMatch(source, /[\p{L}\p{N}]<time|<\/time>[\p{L}\p{N}]/u, `${name} has a time that touches a word`);
  assert.ok(Buffer.byteLength(source) <= 60_000, `${name} is ${Buffer.byteLength(source)} bytes`);
  assert.deepEqual(page.complaints, [], name);
}

export const link = (page, name) => page.getByRole('link', { name, exact: true }).first();
export const press = (page, name) => page.getByRole('button', { name, exact: true }).click();

// until opens the page again until it says something.
export async function until(page, text) {
  for (let i = 0; i < 100; i += 1) {
    if ((await page.innerText('main')).includes(text)) return;
    await page.waitForTimeout(100);
    await page.reload();
  }
  assert.fail(`${page.url()} does not come to say ${text}`);
}

// tabTo moves the focus with the keyboard alone.
export async function tabTo(page, name) {
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

// patterns are the pages of the site, those with the fewest places to be filled first: an address
// is of the first one that it fits.
export const patterns = JSON.parse(PATTERNS ?? '[]').map((pattern) => ({ pattern, fits: new RegExp(`^${pattern.replaceAll(/\{[^}]*\}/g, '[^/]+')}$`) }))
  .sort((a, b) => a.pattern.split('{').length - b.pattern.split('{').length);
export const patternOf = (path) => patterns.find((p) => p.fits.test(path.split(/[?#]/)[0].replace(/\/$/, '')))?.pattern;

const links = (source) => [...source.matchAll(/<a [^>]*href="([^"]*)"/g)].map(([, href]) => href);

// led returns where the forms of a page lead that change nothing themselves: those that remove a
// role show first whom it touches.
async function led(page, source) {
  const to = [];
  for (const [, action, inside] of source.matchAll(/<form [^>]*action="([^"]*\/roles\/[^"/]+\/remove)"[^>]*>(.*?)<\/form>/gs)) {
    const { origin } = new URL(SITE);
    const form = { form: inside.match(/name="form" value="([^"]*)"/)[1] };
    const answer = await page.context().request.post(origin + action, { form, headers: { origin }, maxRedirects: 0 });
    to.push(answer.headers().location);
  }
  return to;
}

// agree goes through the page that shows whom a change of a package's roles touches.
export async function agree(page) {
  await page.locator('main form[action$="/roles/impact"] button').click();
}

// found goes from link to link and returns an address for each page that it comes to, and that
// somebody else did not find before.
export async function found(page, known) {
  const all = new Map();
  for (const { path } of await walked(page, 6)) {
    const pattern = patternOf(path);
    if (pattern !== undefined && !known.has(pattern) && !all.has(pattern)) all.set(pattern, path);
  }
  return all;
}

// walked goes from link to link, to as many pages of each kind as are wanted, and returns the
// address and the source of each that there is; a file has none.
export async function walked(page, each) {
  const base = new URL(SITE).pathname;
  const all = [];
  const met = new Map();
  const queue = [''];
  const taken = new Set(queue);
  while (queue.length > 0) {
    const path = queue.shift();
    const answer = await page.context().request.get(SITE + path);
    if (answer.status() !== 200) continue;
    if (!answer.headers()['content-type'].startsWith('text/html')) {
      all.push({ path, source: '' });
      continue;
    }
    const source = await answer.text();
    all.push({ path, source });
    for (const href of [...links(source), ...await led(page, source)]) {
      const to = new URL(href.replaceAll('&amp;', '&'), SITE + path);
      if (to.origin !== new URL(SITE).origin || !to.pathname.startsWith(base)) continue;
      const next = to.pathname.slice(base.length) + to.search;
      const kind = patternOf(next) ?? next;
      if (taken.has(next) || (met.get(kind) ?? 0) >= each) continue;
      taken.add(next);
      met.set(kind, (met.get(kind) ?? 0) + 1);
      queue.push(next);
    }
  }
  return all;
}
