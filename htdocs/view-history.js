// An app's history: who changed what, when; and the way back.
import {appPath, get} from "./api.js";
import {button, clock, day, empty, field, fill, h, problem, say, select,
	when} from "./dom.js";
import {shownDiff, size} from "./diff.js";
import {appHead} from "./view-app.js";

const PAGE = 30;

/** "user ID NAME", "provider SLUG", "operator NAME": who it was. */
function actor(text) {
	const [kind, ...rest] = (text || "").split(" ");
	const name = rest[rest.length - 1] || kind || "unknown";
	return {kind, name};
}

function without(subject, app) {
	return subject.startsWith(`${app}: `) ? subject.slice(app.length + 2)
		: subject;
}

class History {
	constructor(app, query, signal, again) {
		this.app = app;
		this.signal = signal;
		this.again = again;
		this.filters = {};
		for (const name of ["variable", "addon", "actor"])
			if (query.get(name))
				this.filters[name] = query.get(name);
		this.next = {};
		this.list = h("ol", {class: "timeline"});
		this.more = h("div", {class: "actions"});
		this.lastDay = null;
	}

	path(...rest) {
		return appPath(this.app, "history", ...rest);
	}

	get filtered() {
		return Object.keys(this.filters).length > 0;
	}

	async load() {
		const query = {...this.filters, ...this.next};
		if (!this.filtered)
			query.per_page = PAGE;
		const {data} = await get(this.path(), query, this.signal);
		const meta = data.meta;
		if (this.filtered)
			this.next = meta.next === null ? null : {skip: meta.next};
		else
			this.next = meta.pagination.next_page === null ? null
				: {page: meta.pagination.next_page};
		return data.history;
	}

	async grow() {
		const commits = await this.load();
		const before = this.list.children.length;
		for (const commit of commits)
			this.put(commit);
		fill(this.more, this.next ? button("Show older", async () => {
			const from = this.list.children.length;
			await this.grow();
			this.list.children[from]?.querySelector("button")?.focus();
		}) : this.list.children.length ? h("p", {class: "soft"},
			"That is all of it.") : null);
		return before + commits.length;
	}

	put(commit) {
		const its = day(commit.created_at);
		if (its !== this.lastDay)
			this.list.append(h("li", {class: "day"}, h("h2", null, its)));
		this.lastDay = its;
		this.list.append(this.entry(commit));
	}

	entry(commit) {
		const who = actor(commit.actor);
		const body = h("div", {class: "entry-body", hidden: true});
		const id = `commit-${commit.id.slice(0, 12)}`;
		body.id = `${id}-body`;
		const toggle = h("button", {type: "button", class: "entry-toggle",
			"aria-expanded": "false", "aria-controls": body.id},
		h("span", {class: "entry-title"}, without(commit.subject, this.app)));
		const item = h("li", {class: `entry by-${who.kind}`, id},
			h("div", {class: "entry-head"}, toggle,
				h("p", {class: "soft"}, h("span", {class: `actor ${who.kind}`},
					who.name), who.kind === "user" || who.kind === who.name ? null
					: h("span", {class: "from"}, who.kind), " ",
				when(commit.created_at, clock))),
			body);
		let filled = false;
		toggle.addEventListener("click", () => {
			body.hidden = !body.hidden;
			toggle.setAttribute("aria-expanded", String(!body.hidden));
			if (!filled)
				this.open(body, commit);
			filled = true;
		});
		item.open = () => body.hidden && toggle.click();
		return item;
	}

	/** Open the one that the address names; an old one is put first. */
	async point(id) {
		const here = [...this.list.querySelectorAll(".entry")].find((item) =>
			item.id.startsWith(`commit-${id.slice(0, 12)}`));
		if (here) {
			here.open();
			return;
		}
		const {data} = await get(this.path(id), {}, this.signal);
		const item = this.entry(data.commit);
		this.list.prepend(h("li", {class: "day"}, h("h2", null,
			day(data.commit.created_at))), item);
		item.open();
	}

	/** What a commit did, and what lies between it and now. */
	open(body, commit) {
		const place = h("div", {"aria-live": "polite"});
		const views = [
			["What it did", () => this.did(commit)],
			["From there to now", () => this.since(commit.id)]];
		const tabs = views.map(([text, load], i) => h("button",
			{type: "button", "aria-pressed": String(i === 0), click: () => {
				for (const tab of tabs)
					tab.setAttribute("aria-pressed", String(tab === tabs[i]));
				this.view(place, load);
			}}, text));
		fill(body, h("div", {class: "toolbar"},
			h("span", {class: "choice", role: "group",
				"aria-label": "Compare"}, tabs),
			button("Roll back to here…", () => this.back(commit.id,
				when(commit.created_at)))),
		place, h("p", {class: "soft small"}, "Commit ",
			h("a", {href: `#/apps/${encodeURIComponent(this.app)}/history/${
				commit.id}`}, h("code", null, commit.id.slice(0, 12))),
			", request ",
			h("code", null, commit.request_id || "none")));
		this.view(place, views[0][1]);
	}

	async view(place, load) {
		place.setAttribute("aria-busy", "true");
		try {
			const {diff, values, words} = await load();
			if (size(diff) === 0) {
				fill(place, h("p", {class: "soft"},
					"No variable or add-on differs."));
			} else {
				const shown = shownDiff(diff, values, words);
				fill(place, shown.place, shown.toggle);
				// an error stands behind the button
				shown.toggle?.addEventListener("click", () => shown.act()
					.catch((error) => {
						const note = problem(error);
						if (note)
							shown.toggle.after(note);
					}));
			}
		} catch (error) {
			fill(place, problem(error, () => this.view(place, load)));
		}
		place.removeAttribute("aria-busy");
	}

	async did(commit) {
		const ask = (query) => get(this.path(commit.id), query, this.signal);
		return {diff: (await ask({})).data.diff, words: ["Before", "After"],
			values: async () => (await ask({values: "true"})).data.diff};
	}

	async since(from) {
		const ask = (query) => get(appPath(this.app, "diff"),
			{from, ...query}, this.signal);
		return {diff: (await ask({})).data.diff, words: ["Then", "Now"],
			values: async () => (await ask({values: "true"})).data.diff};
	}

	async back(to, words) {
		const {rollbackDialog} = await import("./rollback.js");
		await rollbackDialog(this.app, to, words, (text) => {
			say(text);
			return this.again();
		});
	}

	// Filters

	go(name, value) {
		const query = new URLSearchParams(this.filters);
		// the API reads by a variable, or by the others
		for (const other of name === "variable" ? ["addon", "actor"]
			: ["variable"])
			if (value)
				query.delete(other);
		if (value)
			query.set(name, value);
		else
			query.delete(name);
		const text = query.toString();
		location.hash = `#/apps/${encodeURIComponent(this.app)}/history` +
			(text ? `?${text}` : "");
	}

	async filterBar() {
		const [variables, addons] = await Promise.all(
			["variables", "addons"].map((part) => get(
				appPath(this.app, part), {}, this.signal)
				.then(({data}) => data[part]).catch(() => [])));
		const names = variables.map((one) => one.name);
		const ids = addons.map((one) => [one.id, one.addon_provider.name]);
		const put = (name, list, label, hint) => {
			const id = `filter-${name}`;
			const input = h("input", {id, name, type: "search", value:
				this.filters[name] || "", autocomplete: "off",
			spellcheck: "false", placeholder: hint,
			list: list ? `${id}-list` : null});
			input.addEventListener("change", () =>
				this.go(name, input.value.trim()));
			return h("div", {class: "field"}, h("label", {for: id}, label),
				input, list ? h("datalist", {id: `${id}-list`},
					list.map((value) => h("option", {value}))) : null);
		};
		const chosen = this.filters.addon || "";
		if (chosen && !ids.some(([id]) => id === chosen))
			ids.push([chosen, "one that is gone"]);
		const addon = select("addon", [["", "All"], ...ids], chosen,
			{id: "filter-addon", change: () => this.go("addon", addon.value)});
		return h("div", {class: "filters", role: "search",
			"aria-label": "History"},
		put("variable", names, "Variable", "any name, also a past one"),
		h("div", {class: "field"}, h("label", {for: addon.id}, "Add-on"),
			addon),
		put("actor", null, "Who", "an account or a provider"),
		this.filtered ? h("a", {class: "button", href: `#/apps/${
			encodeURIComponent(this.app)}/history`}, "All changes") : null);
	}

	/** Roll back to any time, not only to a change. */
	atTime() {
		const input = h("input", {type: "datetime-local", name: "time",
			step: 1});
		const shown = field("Day and time", input);
		return h("details", {class: "at-time"},
			h("summary", null, "Go back to a time…"),
			h("div", {class: "toolbar"}, shown,
				button("Preview a rollback", async () => {
					const time = new Date(input.value);
					if (Number.isNaN(time.getTime()))
						throw Object.assign(new Error(), {explain: () => ({
							title: "No time is chosen yet.",
							advice: "Choose a day and a time."})});
					await this.back(time.toISOString(),
						when(time.toISOString()));
				})));
	}
}

export async function show({params, query, signal, again}) {
	const history = new History(params.app, query, signal, again);
	const [bar, total] = await Promise.all(
		[history.filterBar(), history.grow()]);
	const none = history.filtered
		? empty("Nothing matches", "No change of this app has all that. " +
			"Take a filter away.")
		: empty("Nothing has happened yet", "Every change of variables and " +
			"add-ons will stand here, with who did it and a way back.");
	const section = h("section", null, appHead(params.app, "History"),
		bar, history.atTime(), total || history.next ? history.list : none,
		history.more);
	if (params.commit)
		await history.point(params.commit);
	return section;
}

