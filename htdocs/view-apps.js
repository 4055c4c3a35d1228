// All apps of the account, with their add-ons and how those fare.
import {appPath, call, get} from "./api.js";
import {beside, button, cancel, count, dialog, empty, field, fill, form, h, say,
	state, when} from "./dom.js";

const FILTER_FROM = 8;

function addonChip(addon) {
	return h("li", {class: "chip"}, addon.addon_provider.name, " ",
		h("span", {class: "soft"}, addon.plan.display_name), " ",
		state(addon.status));
}

/** Ask for an app's add-ons once its row is about to be seen. */
function watcher(signal) {
	const eye = new IntersectionObserver((entries) => {
		for (const {target, isIntersecting} of entries)
			if (isIntersecting) {
				eye.unobserve(target);
				target.dispatchEvent(new Event("seen"));
			}
	}, {rootMargin: "200px"});
	signal.addEventListener("abort", () => eye.disconnect());
	return eye;
}

async function showAddons(place, app, signal) {
	try {
		const {data} = await get(appPath(app.name, "addons"), {}, signal);
		fill(place, data.addons.length
			? h("ul", {class: "chips"}, data.addons.map(addonChip))
			: h("a", {href: `#/market?app=${app.name}`}, "Find an add-on"));
	} catch (error) {
		if (error.name === "AbortError")
			return;
		// a limited collaborator sees the app, not what it pays for
		fill(place, h("span", {class: "soft"}, error.status === 403
			? "Add-ons are not shown to you"
			: "Add-ons could not be loaded"));
	}
}

function row(app, session, eye, signal) {
	const addons = h("div", {class: "app-addons"},
		h("span", {class: "soft"}, "…"));
	const mine = app.owner.id === session.user.id;
	const item = h("li", {class: "row app-row", "data-name": app.name},
		h("div", null,
			h("h2", null, h("a", {href: `#/apps/${app.name}`}, app.name)),
			h("p", {class: "soft"}, mine ? "" : `${app.owner.username}'s, `,
				"changed ", when(app.updated_at))),
		addons);
	item.addEventListener("seen", () => showAddons(addons, app, signal));
	eye.observe(item);
	return item;
}

/** Ask for the name of a new app, and go there. */
function newApp() {
	const box = dialog("New app");
	const name = h("input", {name: "name", required: true, autocomplete: "off",
		spellcheck: "false", maxlength: 48});
	fill(box.body, beside(form(async () => {
		const {data} = await call("POST", "v1/apps",
			{body: {app: {name: name.value.trim()}}});
		box.close();
		location.hash = `#/apps/${data.app.name}`;
		say(`${data.app.name} is made.`);
	}, "Make the app", field("Name", name,
		"2 to 48 lowercase letters, digits and hyphens")), cancel(box)));
	name.focus();
}

function filter(list, total) {
	const input = h("input", {type: "search", autocomplete: "off"});
	const hits = h("output", {class: "soft", for: "app-filter"});
	input.id = "app-filter";
	input.addEventListener("input", () => {
		const word = input.value.trim().toLowerCase();
		let shown = 0;
		for (const item of list.children) {
			item.hidden = !item.dataset.name.includes(word);
			shown += !item.hidden;
		}
		hits.value = word ? `${shown} of ${total}` : "";
	});
	return h("div", {class: "toolbar"},
		h("label", {for: input.id}, "Find an app"), input, hits);
}

export async function show({session, signal}) {
	const {data} = await get("v1/apps", {}, signal);
	const apps = data.apps;
	const make = () => button("New app", newApp, {class: "primary"});
	if (apps.length === 0)
		return h("section", null, h("h1", {tabindex: "-1"}, "Apps"),
			empty("No app yet", "An app is a name for what you run: it holds " +
				"variables, and add-ons put theirs beside them. Make one, " +
				"then choose an add-on in the marketplace.", make()));
	const eye = watcher(signal);
	const list = h("ul", {class: "rows"},
		apps.map((app) => row(app, session, eye, signal)));
	return h("section", null,
		h("div", {class: "page-head"}, h("h1", {tabindex: "-1"}, "Apps"),
			h("p", {class: "soft"}, count(apps.length, "app")), make()),
		apps.length >= FILTER_FROM ? filter(list, apps.length) : null,
		list);
}
