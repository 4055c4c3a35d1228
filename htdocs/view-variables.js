// An app's variables: masked until revealed, one by one; edited in their row.
import {appPath, call, get} from "./api.js";
import {beside, button, cancel, copy, dialog, empty, field, fill, form, h,
	problem, say} from "./dom.js";
import {preview} from "./dryrun.js";

const FILTER_FROM = 12;

/** What somebody else did between two answers, in words. */
function changes(before, after) {
	const words = [];
	for (const [name, one] of after)
		if (!before.has(name))
			words.push(`${name} is new`);
		else if (before.get(name).value !== one.value)
			words.push(`${name} has another value`);
	for (const name of before.keys())
		if (!after.has(name))
			words.push(`${name} is gone`);
	return words;
}

class Conflict extends Error {
	constructor(words) {
		super("changed meanwhile");
		this.words = words;
	}

	explain() {
		return {title: "Somebody else changed this app meanwhile.",
			advice: `${this.words.length ? `${this.words.join(", ")}.`
				: "No variable differs."} What you typed is still here: ` +
				"save again to put it over that, or close to leave it."};
	}
}

class Part {
	constructor(app, signal) {
		this.app = app;
		this.signal = signal;
		this.known = new Map();
		this.revision = null;
		this.open = new Map();       // rows that are being edited, by name
		this.revealed = new Set();
		this.list = h("ul", {class: "rows vars"});
		this.hint = h("div");
		this.find = h("input", {type: "search", id: "variable-filter",
			autocomplete: "off", spellcheck: "false",
			input: () => this.filter()});
		this.finder = h("div", {class: "toolbar", hidden: true},
			h("label", {for: this.find.id}, "Find a variable"), this.find);
		this.adding = h("div");
		this.element = h("section", {"aria-labelledby": "variables-title"},
			h("div", {class: "part-head"},
				h("h2", {id: "variables-title"}, "Variables"),
				h("span", {class: "actions"},
					button("Add", () => this.add()),
					button("Paste .env", () => this.paste()))),
			this.finder, this.adding, this.list, this.hint);
	}

	path(...rest) {
		return appPath(this.app, "variables", ...rest);
	}

	take({data, revision}) {
		this.known = new Map(data.variables.map((one) => [one.name, one]));
		this.revision = revision;
	}

	show(answer) {
		this.take(answer);
		const rows = [...this.known.values()].map((one) =>
			this.open.get(one.name) || this.row(one));
		for (const [name, row] of this.open)
			if (!this.known.has(name))
				rows.push(row);
		fill(this.list, rows);
		fill(this.hint, this.known.size ? null : empty("No variable yet",
			"An app reads its settings from variables. Add one, paste a " +
			".env file, or choose an add-on, which brings its own.",
			button("Add a variable", () => this.add())));
		this.finder.hidden = this.known.size < FILTER_FROM;
		this.filter();
	}

	async reload() {
		this.show(await get(this.path(), {}, this.signal));
	}

	filter() {
		const word = this.find.value.trim().toUpperCase();
		for (const row of this.list.children)
			row.hidden = !row.dataset.name.toUpperCase().includes(word);
	}

	/** Send a change of what is shown; on 412 say what changed meanwhile. */
	async change(method, path, options) {
		try {
			await call(method, path, {...options, revision: this.revision});
		} catch (error) {
			if (error.status !== 412)
				throw error;
			const before = this.known;
			this.take(await get(this.path(), {}, this.signal));
			throw new Conflict(changes(before, this.known));
		}
	}

	/** Shows the variables again; what is saved stays saved if that fails. */
	async after(text) {
		say(text);
		await this.reload().catch((error) =>
			fill(this.hint, problem(error, () => this.reload())));
	}

	// Rows

	row(one) {
		const item = h("li", {class: "row var", "data-name": one.name});
		this.closed(item, one);
		return item;
	}

	closed(item, one) {
		const value = h("div", {class: "var-value"});
		const reveal = button("Reveal", () => {
			if (!this.revealed.delete(one.name))
				this.revealed.add(one.name);
			paint();
		}, {class: "quiet"});
		const paint = () => {
			const seen = this.revealed.has(one.name);
			fill(value, seen ? h("code", null, one.value)
				: h("span", {class: "masked"},
					h("span", {"aria-hidden": "true"}, "••••••••••"),
					h("span", {class: "unseen"}, "hidden")));
			fill(reveal, seen ? "Hide" : "Reveal", this.unseen(one));
		};
		paint();
		if (one.value === null)
			fill(value, h("span", {class: "soft"}, "not shown to you"));
		fill(item, h("div", {class: "var-name"}, h("code", null, one.name),
			one.addon ? h("span", {class: "from"}, one.addon.provider) : null),
		value,
		one.value === null ? null : h("div", {class: "actions"}, reveal,
			button(["Copy", this.unseen(one)],
				() => copy(one.value, one.name), {class: "quiet"}),
			one.addon ? null : [
				button(["Edit", this.unseen(one)], () => this.edit(item, one),
					{class: "quiet"}),
				button(["Delete", this.unseen(one)], () => this.remove(one),
					{class: "quiet danger"})]));
	}

	unseen(one) {
		return h("span", {class: "unseen"}, ` ${one.name}`);
	}

	edit(item, one) {
		const area = h("textarea", {name: "value", rows: Math.min(8,
			one.value.split("\n").length), spellcheck: "false",
		autocomplete: "off", value: one.value});
		const done = () => {
			this.open.delete(one.name);
			const now = this.known.get(one.name);
			if (now)
				this.closed(item, now);
			else
				item.remove();
		};
		const focus = () => [...item.querySelectorAll("button")]
			.find((control) => control.textContent.startsWith("Edit"))?.focus();
		this.open.set(one.name, item);
		const element = form(async () => {
			await this.change("POST", this.path(),
				{body: {variable: {name: one.name, value: area.value}}});
			this.known.set(one.name, {...one, value: area.value});
			done();
			await this.after(`${one.name} is saved.`);
			[...this.list.children].find((row) =>
				row.dataset.name === one.name)?.querySelector("button").focus();
		}, "Save", field(one.name, area));
		fill(item, beside(element, h("button", {type: "button", click: () => {
			done();
			focus();
		}}, "Cancel")));
		area.focus();
	}

	add() {
		if (this.adding.firstChild) {
			this.adding.querySelector("input").focus();
			return;
		}
		const name = h("input", {name: "name", autocomplete: "off",
			spellcheck: "false", required: true, maxlength: 64});
		const value = h("textarea", {name: "value", rows: 1,
			spellcheck: "false", autocomplete: "off"});
		const element = form(async () => {
			const wanted = name.value.trim();
			if (this.known.has(wanted))
				throw Object.assign(new Error(), {fields: {name:
					["is there already: edit it in its row"]}});
			await this.change("POST", this.path(),
				{body: {variable: {name: wanted, value: value.value}}});
			element.reset();
			name.focus();
			await this.after(`${wanted} is added.`);
		}, "Add the variable", field("Name", name, "Letters, digits and _"),
		field("Value", value));
		element.className = "card add";
		fill(this.adding, beside(element, h("button", {type: "button",
			click: () => {
				fill(this.adding);
				this.element.querySelector("button").focus();
			}}, "Close")));
		name.focus();
	}

	remove(one) {
		const box = dialog(`Delete ${one.name}?`);
		const shown = preview();
		shown.ask("DELETE", this.path(one.id), {revision: this.revision});
		fill(box.body, h("p", null, "The app no longer gets it. Its history " +
			"keeps the value: a rollback brings it back."), shown.element,
		beside(form(async () => {
			await this.change("DELETE", this.path(one.id), {});
			box.close();
			await this.after(`${one.name} is deleted.`);
			this.element.querySelector("h2 + .actions button").focus();
		}, "Delete the variable"), cancel(box)));
		box.body.querySelector(".primary").classList.add("danger");
	}

	// Many at once

	async paste() {
		const {pasteDialog} = await import("./paste.js");
		pasteDialog(this);
	}
}

/** The part of an app's page; show() takes an answer, reload() asks. */
export function variablesPart(app, signal) {
	const part = new Part(app, signal);
	return {element: part.element, show: (answer) => part.show(answer),
		reload: () => part.reload()};
}

