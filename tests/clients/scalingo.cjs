/*
 * scalingo.js, the real one, against a running sutler: what it offers for apps,
 * variables, add-ons, collaborators, events and tokens.  Prints TAP.
 *
 * Environment: URL, TOKEN (an API token), PROVIDER (slug; two plans), FRIEND
 * (another account's address), FRIEND_TOKEN, FRIEND_NAME; SUTLER (the
 * operator's command) and what it needs.
 */
"use strict";
const assert = require("node:assert");
const { execFileSync } = require("node:child_process");
const path = require("node:path");
const { createRequire } = require("node:module");
const { clientFromToken } = createRequire(
  path.join(process.env.CLIENTS, "x.cjs"))("scalingo");

const { URL: url, TOKEN, PROVIDER, FRIEND, FRIEND_TOKEN, FRIEND_NAME } =
  process.env;
const where = { apiUrl: url, authApiUrl: url, billingApiUrl: url };
const name = `js-${Date.now().toString(36)}`;
const tests = [];
const test = (title, run) => tests.push({ title, run });
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const refused = (promise, status, check = () => {}) => promise.then(
  () => assert.fail(`not refused with ${status}`),
  (error) => {
    assert.strictEqual(error.status, status, `${error}`);
    check(error.data);
  });
let mine, theirs, app, addon;

test("clientFromToken exchanges an API token", async () => {
  mine = await clientFromToken(TOKEN, where);
  theirs = await clientFromToken(FRIEND_TOKEN, where);
});

test("Users.self and stopFreeTrial, Regions.all, Stacks.list", async () => {
  await mine.Users.stopFreeTrial();
  const self = await mine.Users.self();
  assert.ok(self.id && self.username && self.email);
  const regions = await mine.Regions.all();
  assert.ok(regions.length > 0 && regions[0].api === url, regions[0].api);
  assert.ok(Array.isArray(await mine.Stacks.list()));
});

test("Tokens: create, all, renew, exchange, destroy", async () => {
  const token = await mine.Tokens.create("by scalingo.js");
  assert.match(token.token, /^tk-us-/);
  assert.ok((await mine.Tokens.all()).some((one) => one.id === token.id));
  const renewed = await mine.Tokens.renew(token.id);
  assert.notStrictEqual(renewed.token, token.token);
  await refused(mine.Tokens.exchange(token.token), 401);
  assert.ok(await mine.Tokens.exchange(renewed.token));
  await mine.Tokens.destroy(renewed.id);
  await refused(mine.Tokens.exchange(renewed.token), 401);
});

test("Apps: create by dry run, create, find, all, update", async () => {
  await mine.Apps.create({ name, dry_run: true });
  await refused(mine.Apps.find(name), 404);
  app = await mine.Apps.create({ name });
  assert.strictEqual(app.name, name);
  assert.strictEqual((await mine.Apps.find(app.id)).id, app.id);
  assert.ok((await mine.Apps.all()).some((one) => one.id === app.id));
  const changed = await mine.Apps.update(app.id, { force_https: true });
  assert.strictEqual(changed.force_https, true);
  await refused(mine.Apps.create({ name }), 422, (data) =>
    assert.ok(Array.isArray(data.errors.name)));
  await refused(mine.Apps.create({ name: "No Name" }), 422);
});

test("Environment: create, for, update, bulk, destroy", async () => {
  const made = await mine.Environment.create(app.id,
    { name: "COLOUR", value: "blue" });
  assert.strictEqual(made.value, "blue");
  const changed = await mine.Environment.update(app.id, made.id, "green");
  assert.strictEqual(changed.value, "green");
  const many = await mine.Environment.bulkUpdate(app.id,
    [{ name: "ONE", value: "1" }, { name: "COLOUR", value: "red" }]);
  assert.ok(many.length >= 2);
  const found = await mine.Environment.for(app.id);
  assert.deepStrictEqual(
    Object.fromEntries(found.map((one) => [one.name, one.value])),
    { COLOUR: "red", ONE: "1" });
  await mine.Environment.bulkDestroy(app.id,
    [found.find((one) => one.name === "ONE").id]);
  await mine.Environment.destroy(app.id, made.id);
  assert.deepStrictEqual(await mine.Environment.for(app.id), []);
  await refused(mine.Environment.create(app.id, { name: "1 X", value: "" }),
    422);
});

test("Addons: categories, providers, create, update, sso, get", async () => {
  assert.ok(Array.isArray(await mine.Addons.listCategories()));
  const provider = (await mine.Addons.listProviders())
    .find((one) => one.id === PROVIDER || one.short_name === PROVIDER);
  const [small, large] = provider.plans;
  const done = await mine.Addons.create(app.id,
    { addon_provider_id: provider.id, plan_id: small.id });
  addon = done.addon ?? done;
  assert.ok(addon.id.startsWith("ad-"), JSON.stringify(done));
  assert.ok((await mine.Environment.for(app.id)).length > 0, "variables");
  assert.strictEqual((await mine.Addons.for(app.id)).length, 1);
  await mine.Addons.update(app.id, addon.id, { plan_id: large.id });
  const got = await mine.Addons.getAddon(app.id, addon.id);
  assert.strictEqual(got.plan.id, large.id);
  assert.ok((await mine.Addons.sso(app.id, addon.id)).sso_url);
  await refused(mine.Addons.getAddon(app.id, "ad-none"), 404);
});

test("Addons.resume, once the operator has suspended one", async () => {
  await refused(mine.Addons.resume(app.id, addon.id), 409, (data) =>
    assert.match(data.error, /not suspended/));
  execFileSync(process.env.SUTLER, ["addon", "suspend", addon.id]);
  execFileSync(process.env.SUTLER, ["tick"]);
  assert.strictEqual((await mine.Addons.getAddon(app.id, addon.id)).status,
    "suspended");
  const done = await mine.Addons.resume(app.id, addon.id);
  assert.strictEqual(done.addon.status, "running");
  assert.ok("message" in done);
});

test("Containers.restart and Operations.operation", async () => {
  const operation = await mine.Containers.restart(app.id, null);
  const ended = () => ["done", "error"].includes(operation.status);
  for (let i = 0; i < 60 && !ended(); i++) {
    await pause(500);
    await operation.refresh();
  }
  assert.strictEqual(operation.status, "done");
  const same = await mine.Operations.operation(app.id, operation.id);
  assert.strictEqual(same.status, "done");
});

/* The friend becomes a collaborator. */
async function invite() {
  const invited = await mine.Collaborators.invite(app.id, { email: FRIEND });
  assert.strictEqual(invited.email, FRIEND);
  await refused(theirs.Apps.find(app.id), 404);
  const token = new globalThis.URL(invited.invitation_link)
    .searchParams.get("token");
  await theirs.Collaborators.inviteAccept(token);
}

test("Collaborators: invite, for, update, accept, destroy", async () => {
  await invite();
  assert.ok((await theirs.Apps.all()).some((one) => one.id === app.id));
  const [one] = await mine.Collaborators.for(app.id);
  assert.ok((await mine.Collaborators.all({})).collaborators
    .some(({ id }) => id === one.id), "those of all apps");
  await mine.Collaborators.update(app.id, one.id, { is_limited: true });
  assert.strictEqual((await mine.Collaborators.for(app.id))[0].is_limited,
    true);
  await mine.Collaborators.destroy(app.id, one.id);
  await refused(theirs.Apps.find(app.id), 404);
});

test("Events: for, all, find, types and categories", async () => {
  const { events, meta } = await mine.Events.for(app.id,
    { page: 1, per_page: 50 });
  const types = events.map((one) => one.type);
  for (const type of ["new_app", "edit_app", "new_variable", "edit_variable",
    "new_addon", "upgrade_addon", "suspend_addon", "resume_addon", "restart",
    "new_collaborator", "delete_collaborator"])
    assert.ok(types.includes(type), `${type} is not in ${types}`);
  const { project } = await mine.Apps.find(app.id);
  for (const { project_id, project_name } of events)
    assert.deepStrictEqual({ id: project_id, name: project_name }, project);
  assert.strictEqual(meta.pagination.total_count, events.length);
  const one = await mine.Events.find(app.id, events[0].id);
  assert.deepStrictEqual(one, events[0]);
  assert.ok((await mine.Events.all()).events.length > 0);
  assert.ok((await mine.Events.listEventTypes()).length > 0);
  assert.ok((await mine.Events.listEventCategories()).length > 0);
});

test("Addons.destroy, Apps: rename, transfer, destroy", async () => {
  await mine.Addons.destroy(app.id, addon.id);
  assert.deepStrictEqual(await mine.Addons.for(app.id), []);
  await refused(mine.Apps.rename(app.id, "other", `${name}-2`), 422);
  const renamed = await mine.Apps.rename(app.id, name, `${name}-2`);
  assert.strictEqual(renamed.name, `${name}-2`);
  await refused(mine.Apps.find(name), 404);
  await refused(mine.Apps.transfer(app.id, `${name}-2`, FRIEND), 422);
  await invite();
  const given = await mine.Apps.transfer(app.id, `${name}-2`, FRIEND);
  assert.strictEqual(given.owner.username, FRIEND_NAME);
  await theirs.Apps.destroy(app.id, `${name}-2`);
  await refused(theirs.Apps.find(app.id), 404);
});

(async () => {
  let failed = 0;
  for (const [i, { title, run }] of tests.entries()) {
    try {
      await run();
      console.log(`ok ${i + 1} - scalingo.js: ${title}`);
    } catch (error) {
      failed++;
      console.log(`not ok ${i + 1} - scalingo.js: ${title}`);
      const more = error.data ? ` ${JSON.stringify(error.data)}` : "";
      for (const line of `${error.status ?? ""} ${error.stack ?? error}${more}`
        .split("\n").slice(0, 8))
        console.log(`# ${line}`);
    }
  }
  console.log(`1..${tests.length}`);
  process.exit(failed ? 1 : 0);
})();
