// The operator's page: providers, installations, what is owed, the store.
import {get} from "./api.js";
import {button, empty, fill, h, number, select, when} from "./dom.js";

const PARTS = [["providers", "Providers"], ["installations", "Installations"],
	["open", "Open work"], ["proposals", "Proposals"],
	["manifest", "Manifest check"], ["store", "Store"]];

/** The roles hold where a small screen lays the table out as blocks. */
function table(caption, heads, rows) {
	return h("div", {class: "scroll", tabindex: "0", role: "region",
		"aria-label": caption},
	h("table", {class: "list", role: "table"},
		h("caption", {class: "unseen"}, caption),
		h("thead", {role: "rowgroup"}, h("tr", {role: "row"},
			heads.map((text) =>
				h("th", {scope: "col", role: "columnheader"}, text)))),
		h("tbody", {role: "rowgroup"}, rows.map(([first, ...rest]) =>
			h("tr", {role: "row"},
				h("th", {scope: "row", role: "rowheader"}, first),
				rest.map((cell, i) => h("td", {role: "cell",
					"data-head": heads[i + 1]}, cell)))))));
}

function pages(meta, go) {
	const at = meta.pagination;
	if (at.total_pages < 2)
		return null;
	return h("nav", {class: "actions", "aria-label": "Pages"},
		at.prev_page ? button("Previous page", () => go(at.prev_page)) : null,
		h("span", {class: "soft"},
			`Page ${at.current_page} of ${at.total_pages}`),
		at.next_page ? button("Next page", () => go(at.next_page)) : null);
}

/** A list whose pages replace each other in place. */
function paged(path, query, signal, draw) {
	const place = h("div");
	async function go(page) {
		const {data} = await get(path, {...query, page, per_page: 100},
			signal);
		fill(place, draw(data), pages(data.meta, go));
	}
	return {place, go};
}

// Parts

const SOLD = {public: "ok", closed: "warn", private: "still"};

async function providers({signal}) {
	const list = paged("v1/operator/providers", {}, signal, (data) =>
		data.providers.length === 0
			? empty("No provider yet", "Check a manifest here, then register " +
				"it on the server: sutler provider add MANIFEST.",
				h("a", {class: "button primary", href: "#/operator/manifest"},
					"Check a manifest"))
			: table("Providers", ["Name", "Dialect", "Category", "Plans",
				"Installations", "State"], data.providers.map((one) => [
				[one.name, h("span", {class: "from"}, one.slug)],
				one.dialect, one.category || "–", one.plans_withdrawn
					? `${one.plans}, ${one.plans_withdrawn} withdrawn`
					: one.plans,
				h("a", {href: `#/operator/installations?provider=${
					encodeURIComponent(one.slug)}`},
				number(one.installations),
				h("span", {class: "unseen"}, ` of ${one.name}`)),
				h("span", {class: `state ${SOLD[one.visibility]}`}, one.visibility),
			])));
	await list.go(1);
	return list.place;
}

const FARES = {running: "ok", suspended: "warn"};

async function installations({query, signal}) {
	const slug = query.get("provider") || "";
	const {data} = await get("v1/operator/providers", {per_page: 100},
		signal);
	const choice = select("provider", [["", "All providers"],
		...data.providers.map((one) => [one.slug, one.name])], slug,
	{id: "installations-of", change: () => {
		location.hash = "#/operator/installations" + (choice.value
			? `?provider=${encodeURIComponent(choice.value)}` : "");
	}});
	const list = paged("v1/operator/installations", {provider: slug}, signal,
		(page) => page.installations.length === 0
			? empty("No installation", "Nobody has bought an add-on of it yet.")
			: table("Installations", ["App", "Owner", "Provider", "Plan",
				"Status", "Since", "Provider's id"],
			page.installations.map((one) => [one.app_name, one.owner,
				one.provider, one.plan,
				h("span", {class: `state ${FARES[one.status] || "wait"}`},
					one.status), when(one.provisioned_at),
				h("code", null, one.resource_id ?? "–")])));
	await list.go(1);
	return [h("div", {class: "toolbar"}, h("label", {for: choice.id},
		"Provider"), choice), list.place];
}

/** What is done next, or waited for. */
const OWED = {
	provision: "an order under way",
	change: "a plan change under way",
	await: "the provider prepares it",
	expect: "the provider changes it",
	leave: "the provider removes it",
	remove: "the provider is to remove it",
	restore: "the provider is to put the plan back",
	suspend: "the provider is to be told",
	restart: "the app is to be restarted",
	notify: "the owner is to be told",
	webhook: "a provider's webhook is to be told",
};

async function open({signal}) {
	const list = paged("v1/operator/open", {}, signal, (data) =>
		data.open.length === 0
			? empty("Nothing is owed", "Every provider has been told what it " +
				"had to be told. What fails is tried again by sutler tick, " +
				"and stands here until it is done.")
			: [h("p", {class: "soft"}, "Tried again by ",
				h("code", null, "sutler tick"), " when it is due; given up by ",
				h("code", null, "sutler addon abandon ID --reason TEXT"), "."),
			table("Open work", ["What", "App", "Provider", "Due", "Tries",
				"Last trouble", "Add-on"], data.open.map((one) => [
				[one.kind, h("p", {class: "soft small"}, OWED[one.kind])],
				one.app_name || "–", one.provider || "–", when(one.due_at),
				one.attempts, one.last_error || "–",
				one.addon_id ? h("code", null, one.addon_id) : "–"]))]);
	await list.go(1);
	return list.place;
}

function bytes(size) {
	const units = ["B", "kB", "MB", "GB", "TB"];
	let value = size;
	let i = 0;
	for (; value >= 1000 && i < units.length - 1; i++)
		value /= 1000;
	return `${number(value, value < 10 && i ? 1 : 0)} ${units[i]}`;
}

function fact(name, value, note) {
	return h("div", null, h("dt", null, name), h("dd", null, value,
		note ? h("span", {class: "soft"}, ` ${note}`) : null));
}

async function store({signal}) {
	const {data: {store: it}} = await get("v1/operator/store", {}, signal);
	const records = it.records;
	const about = records.estimated ? "about" : null;
	const used = it.journal_bytes ? it.journal_used / it.journal_bytes : 0;
	return [
		h("dl", {class: "facts"},
			fact("Commits", it.commits === null ? "–"
				: number(it.commits), it.commits === null
				? "counted by the next sutler tick" : null),
			fact("Apps", number(records.apps), about),
			fact("Accounts", number(records.accounts), about),
			fact("Providers", number(records.providers)),
			fact("Open work", number(records.open)),
			fact("History", bytes(it.bytes)),
			fact("Packs", number(it.packs), bytes(it.pack_bytes)),
			fact("Last packed", when(it.last_pack_at)),
			fact("Loose objects", number(it.loose_objects),
				it.loose_objects > 20000 ? "many: is sutler tick run?"
					: "packed by sutler tick"),
			fact("Head", h("code", null, String(it.head).slice(0, 12)))),
		h("div", {class: "meter-row"},
			h("label", {for: "journal-meter"}, "Journal"),
			h("meter", {id: "journal-meter", min: 0, max: 1, high: 0.8,
				value: used}, `${Math.round(used * 100)} %`),
			h("span", {class: "soft"}, `${bytes(it.journal_used)} of ` +
				`${bytes(it.journal_bytes)}, emptied by sutler tick`)),
		h("p", {class: "soft"}, "To hold files, history and index against " +
			"each other: ", h("code", null, "sutler fsck"), " on the server."),
	];
}

const SHOW = {providers, installations, open, store,
	proposals: async ({signal}) =>
		(await import("./view-proposals.js")).show(signal),
	manifest: async () => (await import("./view-manifest.js")).show()};

export async function show(context) {
	const part = context.params.part || "providers";
	const known = PARTS.find(([name]) => name === part);
	if (!known)
		return h("section", null, h("h1", {tabindex: "-1"}, "No such page"),
			h("p", null, h("a", {href: "#/operator"}, "The operator's page")));
	const body = await SHOW[part](context);
	return h("section", null,
		h("p", {class: "trail"}, "Operator /"),
		h("h1", {tabindex: "-1"}, known[1]),
		h("nav", {class: "tabs", "aria-label": "Parts of the operator's page"},
			PARTS.map(([name, text]) => h("a", {href: `#/operator/${name}`,
				"aria-current": name === part ? "page" : null}, text))),
		body);
}

