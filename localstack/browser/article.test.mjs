// What Microsoft's article of 2019 on editing and managing access packages describes, section by
// section, through the pages alone: each by mouse and keys with script, and with script switched
// off. Who does it is the owner of the catalog, and no administrator.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SITE, agree, link, press, reader, until } from './reader.mjs';

// section is one section of the article, done with script and without.
function section(name, story) {
  for (const [how, options] of [['with script', {}], ['without script', { javaScriptEnabled: false }]]) {
    test(`${name}, ${how}`, async (t) => {
      const people = [];
      const as = async (account) => {
        const page = await reader(account, options);
        people.push(page);
        return page;
      };
      try {
        await story(t, as, `${name.split(' ').slice(0, 3).join(' ')} ${how}`);
        assert.deepEqual(people.flatMap((page) => page.complaints), []);
      } finally {
        await Promise.all(people.map((page) => page.context().close()));
      }
    });
  }
}

// main is what the page says, once it is there whole.
const main = async (page) => {
  await page.waitForLoadState();
  return page.innerText('main');
};

// offered makes a package, in the catalog Sales if no other, that gives a role of the directory, to
// all members at once, and returns its address.
async function offered(olga, name, { catalog = 'Sales', role = 'Sales · Member', ...terms } = {}) {
  await olga.goto(`${SITE}/catalogs`);
  await link(olga, catalog).click();
  await link(olga, 'Create a package').click();
  await olga.getByLabel('Name').fill(name);
  await press(olga, 'Save');
  const address = olga.url();
  await addRole(olga, role);
  await addPolicy(olga, 'All members', terms);
  return address;
}

async function addRole(olga, role) {
  await link(olga, 'Add a role').click();
  await olga.getByLabel(role).check();
  await press(olga, 'Add the role');
  await agree(olga);
}

async function addPolicy(olga, name, { manager = false } = {}) {
  await link(olga, 'Add a policy').click();
  await olga.getByLabel('Name (required)').fill(name);
  await olga.locator(`input[name=stages][value="${manager ? 1 : 0}"]`).check();
  if (manager) {
    await olga.locator('#seek-fallback1').fill('olga');
    await press(olga, 'Search for who stands in in step 1');
    await olga.getByLabel('Olga Brandt').check();
  } else {
    for (const box of ['forRequests', 'justify']) {
      const tick = olga.locator(`input[name=${box}]`);
      if (await tick.isChecked()) await tick.uncheck();
    }
  }
  await press(olga, 'Save the policy');
  assert.match(await main(olga), new RegExp(name));
}

// held is what My access says of one package.
const held = (page, name) => page.getByRole('region', { name, exact: true });

// asks asks for a package by its My Access link.
async function asks(page, address) {
  await page.goto(`${SITE}/packages/${address.split('/').pop()}`);
  const why = page.getByLabel(/Justification/);
  if (await why.count() > 0) await why.fill('I need it.');
  await press(page, 'Ask for it');
}

section('Add resource roles', async (t, as, name) => {
  const olga = await as('owner');
  let address;
  await t.test('Add resource roles: the package and who has it', async () => {
    address = await offered(olga, name);
    const mei = await as('member');
    await asks(mei, address);
    await until(mei, 'Delivered');
    await olga.goto(address);
  });
  await t.test('Select a resource and its role', async () => {
    await addRole(olga, 'Sales · Owner');
    await olga.goto(address);
    assert.match(await main(olga), /Sales\s+Owner/);
  });
  await t.test('Users with existing assignments get the role without a new request', async () => {
    const mei = await as('member');
    await mei.goto(`${SITE}/access`);
    for (let i = 0; i < 100 && !/Owner\s+there\s+there/.test(await held(mei, name).innerText()); i += 1) {
      await mei.waitForTimeout(100);
      await mei.reload();
    }
    assert.match(await held(mei, name).innerText(), /Owner\s+there\s+there/);
  });
});

section('Remove resource roles', async (t, as, name) => {
  const olga = await as('owner');
  const otto = await as('other'); // who has the role by nothing else
  let address;
  await t.test('A package with two roles, and somebody who has it', async () => {
    address = await offered(olga, name);
    await addRole(olga, 'Sales · Owner');
    await asks(otto, address);
    await until(otto, 'Delivered');
  });
  await t.test('Remove the role', async () => {
    await olga.goto(address);
    await olga.getByRole('button', { name: /^Remove\s*Owner$/ }).click();
    assert.match(await main(olga), /lose it: 1;[^]*Otto Lindqvist[^]*Nothing else gives it/);
    await olga.goto(address); // to look is not to agree
    assert.match(await main(olga), /Sales\s+Owner/);
    await olga.getByRole('button', { name: /^Remove\s*Owner$/ }).click();
    await agree(olga);
    await olga.goto(address);
    assert.doesNotMatch(await main(olga), /Sales\s+Owner/);
  });
  await t.test('Who has it loses the role, and keeps the other', async () => {
    await otto.goto(`${SITE}/access`);
    await until(otto, name);
    for (let i = 0; i < 100 && /Owner/.test(await held(otto, name).innerText()); i += 1) {
      await otto.waitForTimeout(100);
      await otto.reload();
    }
    assert.match(await held(otto, name).innerText(), /^(?!.*Owner)[^]*Member/);
  });
});

section('Add a policy', async (t, as, name) => {
  const olga = await as('owner');
  const address = await offered(olga, name);
  await t.test('Add: users, approval, expiration', async () => {
    await olga.goto(address);
    await addPolicy(olga, 'By the manager', { manager: true });
    assert.match(await main(olga), /Approval by the manager/);
  });
  await t.test('Users who fit several policies choose', async () => {
    const mei = await as('member');
    await mei.goto(`${SITE}/packages/${address.split('/').pop()}`);
    assert.equal(await mei.locator('input[name=policy]').count(), 2);
  });
});

section('Edit a policy', async (t, as, name) => {
  const olga = await as('owner');
  const mei = await as('member');
  const address = await offered(olga, name, { manager: true });
  await t.test('Somebody asks before the edit', async () => {
    await asks(mei, address);
    await until(mei, 'Waits for a decision');
  });
  await t.test('Edit, change and save', async () => {
    await olga.goto(address);
    await olga.getByRole('link', { name: /^Edit\s*All members/ }).click();
    await olga.locator('#days').fill('7');
    await press(olga, 'Save the policy');
    await olga.goto(address);
    assert.match(await main(olga), /7 days/);
  });
  await t.test('What was asked for before keeps its terms', async () => {
    const manager = await as('manager');
    await manager.goto(mei.url().replace('/requests/', '/approvals/'));
    assert.match(await main(manager), /It lasts for 90 days/);
  });
});

section('Directly assign a user', async (t, as, name) => {
  const olga = await as('owner');
  const address = await offered(olga, name);
  await olga.goto(address);
  await t.test('Assign: select the users, the policy and the dates', async () => {
    await link(olga, 'Assign').click();
    await olga.getByLabel(/^People, one a line/).fill('member@northwind.example\nother@northwind.example\nnobody@northwind.example');
    await olga.getByLabel('Justification').fill('They start on Monday.');
    await press(olga, 'Check the list');
    assert.match(await main(olga), /2 can be assigned, 1 cannot/);
  });
  await t.test('Two go, one stays to be corrected', async () => {
    await press(olga, 'Assign to those that can be (2)');
    assert.match(await main(olga), /Assigned: 2\./);
  });
  await t.test('View who has an assignment', async () => {
    await olga.goto(address);
    await link(olga, 'Who has it').click();
    await until(olga, 'Delivered (2)');
    await olga.getByRole('link', { name: /^Delivered \(2\)/ }).click();
    assert.match(await main(olga), /Mei Tanaka/);
  });
  await t.test('View one in detail', async () => {
    await olga.getByRole('link', { name: /^Details/ }).first().click();
    assert.match(await main(olga), /They start on Monday\./);
  });
});

section('View a request', async (t, as, name) => {
  const olga = await as('owner');
  const mei = await as('member');
  const address = await offered(olga, name, { manager: true });
  await asks(mei, address);
  await t.test('Requests of the package, by state', async () => {
    await olga.goto(address);
    await link(olga, 'Requests').click();
    await olga.getByRole('link', { name: 'Waiting (1)' }).click();
    assert.match(await main(olga), /Mei Tanaka/);
  });
  await t.test('One request: each step with its time and person', async () => {
    await olga.getByRole('link', { name: /^Details/ }).first().click();
    assert.match(await main(olga), /Asked[^]*Mei Tanaka[^]*Waits for a decision/);
    assert.ok(await olga.locator('main time').count() > 0);
  });
});

section('View delivery errors', async (t, as, name) => {
  const olga = await as('owner');
  let address;
  await t.test('A role of a target at which the person has no account', async () => {
    address = await offered(olga, name);
    await addRole(olga, 'CRM users · Member');
    await link(olga, 'Assign').click();
    await olga.getByLabel(/^People, one a line/).fill('newcomer00@northwind.example');
    await press(olga, 'Check the list');
    await press(olga, 'Assign to those that can be (1)');
  });
  await t.test('Undelivered and partially delivered, with their count', async () => {
    await olga.goto(address);
    await link(olga, 'Requests').click();
    await until(olga, 'Delivery errors (1)');
    await olga.getByRole('link', { name: 'Delivery errors (1)' }).click();
    await olga.getByRole('link', { name: /^Details/ }).first().click();
    assert.match(await main(olga), /no account at the target system/);
  });
  await t.test('Reprocess it', async () => {
    await olga.getByRole('button', { name: /^Deliver again/ }).first().click();
    assert.match(await main(olga), /CRM users/);
  });
});

section('Cancel a pending request', async (t, as, name) => {
  const olga = await as('owner');
  const mei = await as('member');
  const address = await offered(olga, name, { manager: true });
  await t.test('By whoever keeps the package', async () => {
    await asks(mei, address);
    await olga.goto(address);
    await link(olga, 'Requests').click();
    await olga.getByRole('link', { name: /^Details/ }).first().click();
    await press(olga, 'Cancel the request');
    assert.match(await main(olga), /Canceled/);
  });
  await t.test('By whoever asked', async () => {
    await asks(mei, address);
    await press(mei, 'Cancel the request');
    assert.match(await main(mei), /Canceled/);
  });
});

section('Copy My Access portal link and change the hidden setting', async (t, as, name) => {
  const olga = await as('owner');
  const mei = await as('member');
  const address = await offered(olga, name);
  let shared;
  await t.test('Copy the My Access portal link', async () => {
    await olga.goto(address);
    shared = await olga.getByLabel('My Access link').inputValue();
  });
  await t.test('Change the hidden setting', async () => {
    await olga.getByRole('link', { name: /^Edit the package/ }).click();
    await olga.getByLabel('Hidden').check();
    await press(olga, 'Save');
    await mei.goto(`${SITE}/packages?search=${encodeURIComponent(name)}`);
    assert.doesNotMatch(await mei.innerText('main'), new RegExp(`${name}\\b.*All`));
    assert.equal(await mei.getByRole('link', { name, exact: true }).count(), 0);
  });
  await t.test('Who has the link can still ask', async () => {
    await mei.goto(shared);
    await press(mei, 'Ask for it');
    await until(mei, 'Delivered');
  });
});

section('Delete an access package', async (t, as, name) => {
  const olga = await as('owner');
  const mei = await as('member');
  const address = await offered(olga, name);
  await asks(mei, address);
  await until(mei, 'Delivered');
  await t.test('Not while somebody has it', async () => {
    await olga.goto(address);
    await olga.locator('#sure-package').check();
    await press(olga, 'Delete the package');
    assert.match(await main(olga), /There is a problem/);
  });
  await t.test('Remove all assignments', async () => {
    await olga.goto(address);
    await link(olga, 'Who has it').click();
    await press(olga, 'End for all who have it');
    await press(olga, 'End their access');
    await until(olga, 'Ended (1)');
  });
  await t.test('Delete', async () => {
    for (let i = 0; i < 100; i += 1) { // until the role is taken back
      await olga.goto(address);
      if (await olga.locator('#sure-package').count() === 0) break;
      await olga.locator('#sure-package').check();
      await press(olga, 'Delete the package');
      if (!/There is a problem/.test(await main(olga))) break;
      await olga.waitForTimeout(100);
    }
    assert.doesNotMatch(await main(olga), new RegExp(name));
  });
});

section('Delegate to an access package manager', async (t, as) => {
  const olga = await as('owner');
  const otto = await as('other');
  await t.test('Add an access package manager to the catalog', async () => {
    await link(olga, 'Catalogs').click();
    await link(olga, 'Sales').click();
    await link(olga, 'Give a role').click();
    await olga.locator('#search').fill('otto');
    await press(olga, 'Search');
    await olga.getByLabel(/^Otto Lindqvist/).check();
    await olga.locator('input[name=role]').nth(1).check();
    await press(olga, 'Give the role');
    assert.match(await main(olga), /Otto Lindqvist\s+Access package manager/);
  });
  await t.test('They keep packages, and say not who else does', async () => {
    await link(otto, 'Catalogs').click();
    await link(otto, 'Sales').click();
    assert.equal(await otto.getByRole('link', { name: 'Create a package' }).count(), 1);
    assert.equal(await otto.getByRole('link', { name: 'Give a role' }).count(), 0);
  });
  await t.test('Remove them', async () => {
    const row = olga.locator('tr', { hasText: 'Otto Lindqvist' });
    await row.getByRole('button').click();
    assert.doesNotMatch(await main(olga), /Otto Lindqvist/);
    await otto.goto(`${SITE}/catalogs`);
    assert.equal(await otto.getByRole('link', { name: 'Sales', exact: true }).count(), 0);
  });
});

section('A second person agrees', async (t, as, name) => {
  const ada = await as('admin');
  const olga = await as('owner');
  const otto = await as('other'); // who has the role by nothing else
  const limited = async (percent) => {
    await ada.goto(`${SITE}/catalogs`);
    await link(ada, 'Kept by two').click();
    await link(ada, 'When a second person has to agree').click();
    await ada.locator('#percent').fill(percent);
    await press(ada, 'Save');
  };
  let address;
  await t.test('An administrator limits what one person decides on', async () => {
    await limited('50');
    address = await offered(olga, name, { catalog: 'Kept by two', role: 'Shared drive · Member' });
    await asks(otto, address);
    await until(otto, 'Delivered');
  });
  await t.test('An owner removes a role, which waits', async () => {
    await olga.goto(address);
    await olga.getByRole('button', { name: /^Remove\s*Member$/ }).click();
    assert.match(await main(olga), /lose it: 1;[^]*Otto Lindqvist[^]*This needs a second person[^]*Marcus Hale, and administrators/);
    await press(olga, 'Propose this');
    assert.match(await main(olga), /Proposed by Olga Brandt[^]*You proposed this yourself/);
    assert.equal(await olga.getByRole('button', { name: 'Agree', exact: true }).count(), 0);
    await olga.goto(address);
    assert.match(await main(olga), /Shared drive\s+Member/);
  });
  await t.test('The other owner is told, and agrees', async () => {
    const marcus = await as('manager');
    await link(marcus, 'Remove the role Member; people affected: 1').click();
    await press(marcus, 'Agree');
    assert.match(await main(marcus), /This package gives nothing yet/);
  });
  await t.test('Who has the package loses the role', async () => {
    await otto.goto(`${SITE}/access`);
    await until(otto, name);
    for (let i = 0; i < 100 && /Member/.test(await held(otto, name).innerText()); i += 1) {
      await otto.waitForTimeout(100);
      await otto.reload();
    }
    assert.doesNotMatch(await held(otto, name).innerText(), /Member/);
    await limited('');
  });
});
