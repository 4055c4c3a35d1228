// An app's add-ons: how they fare, and what can be done with them.
import {appPath, call, get, orderKey} from "./api.js";
import {beside, button, cancel, dialog, empty, field, fill, form, h,
	money, price, problem, prose, safe, say, state, when} from "./dom.js";
import {preview} from "./dryrun.js";

const WAITS = [2, 2, 3, 4, 6, 8, 12, 15];   // seconds between two looks

/** Open an add-on's dashboard at its provider, in a tab of its own. */
async function enter(app, addon) {
	// opened at the click, or the browser takes it for a pop-up
	const tab = window.open("", "_blank");
	try {
		const {data} = await call("POST",
			appPath(app, "addons", addon.id, "sso"));
		const url = safe(data.addon.sso_url);
		if (!url)
			throw Object.assign(new Error(), {explain: () => ({
				title: "The provider's dashboard has no web address.",
				advice: "Tell the operator."})});
		if (tab) {
			tab.opener = null;
			tab.location.replace(url);
			return;
		}
		const box = dialog("Open the dashboard");
		fill(box.body, h("p", null, "The browser did not open a tab. ",
			h("a", {href: url, target: "_blank",
				rel: "noopener"}, `Open ${addon.addon_provider.name}`)));
	} catch (error) {
		if (tab)
			tab.close();
		throw error;
	}
}

/** Radio buttons for plans. */
export function planChoice(plans, chosen, choose) {
	return h("fieldset", {class: "plans"}, h("legend", null, "Plan"),
		plans.map((plan) => h("label", {class: "plan-row"},
			h("input", {type: "radio", name: "plan_id", value: plan.id,
				checked: plan.id === chosen, change: () => choose(plan)}),
			h("span", {class: "plan-name"}, plan.display_name),
			h("span", {class: "plan-price"}, price(plan)),
			h("span", {class: "plan-text soft"},
				prose(plan.description).map((part) => part.textContent)
					.join(" "),
				(plan.units || []).map((unit) => h("span", {class: "unit"},
					`${unit.display_name}: ${money(unit.price,
						plan.pricings.default.currency, 6)} each` +
					(Number(unit.included) ? `, ${unit.included} included`
						: "")))))));
}

class Part {
	constructor(app, signal, changed) {
		this.app = app;
		this.signal = signal;
		this.changed = changed;     // called when the variables may differ
		this.addons = [];
		this.round = 0;
		this.timer = null;
		this.list = h("div");
		this.element = h("section", {"aria-labelledby": "addons-title"},
			h("div", {class: "part-head"},
				h("h2", {id: "addons-title"}, "Add-ons"),
				h("span", {class: "actions"}, h("a", {class: "button",
					href: `#/market?app=${encodeURIComponent(app)}`},
				"Add an add-on"))),
			this.list);
		document.addEventListener("visibilitychange", () => this.plan(),
			{signal});
		signal.addEventListener("abort", () => clearTimeout(this.timer));
	}

	path(...rest) {
		return appPath(this.app, "addons", ...rest);
	}

	async reload() {
		try {
			const {data} = await get(this.path(), {}, this.signal);
			this.show(data.addons);
		} catch (error) {
			fill(this.list, error.status === 403
				? h("p", {class: "soft"}, "Limited collaborators do not see " +
					"an app's add-ons.")
				: problem(error, () => this.reload()));
		}
	}

	show(addons) {
		this.addons = addons;
		fill(this.list, addons.length
			? h("ul", {class: "cards"}, addons.map((one) => this.card(one)))
			: empty("No add-on yet", "An add-on is a service that somebody " +
				"runs for you: a database, a mail relay, a log store. Its " +
				"variables become the app's.", h("a", {class: "button primary",
				href: `#/market?app=${encodeURIComponent(this.app)}`},
			"Open the marketplace")));
		this.plan();
	}

	// Looking again while something is under way

	waiting() {
		return this.addons.some((one) => one.status === "provisioning");
	}

	plan() {
		clearTimeout(this.timer);
		if (!this.waiting() || document.hidden || this.signal.aborted)
			return;
		const wait = WAITS[Math.min(this.round, WAITS.length - 1)];
		this.timer = setTimeout(() => this.look(), wait * 1000);
	}

	async look() {
		this.round += 1;
		const before = new Map(this.addons.map((one) => [one.id, one]));
		let addons;
		try {
			({data: {addons}} = await get(this.path(), {}, this.signal));
		} catch {
			this.plan();
			return;
		}
		const same = addons.length === before.size && addons.every((one) =>
			before.get(one.id)?.updated_at === one.updated_at);
		if (same) {
			this.plan();
			return;
		}
		this.round = 0;
		for (const one of before.values()) {
			const now = addons.find(({id}) => id === one.id);
			if (!now)
				say(`${one.addon_provider.name} could not be provisioned, ` +
					"and is gone. The history says why.");
			else if (now.status !== one.status)
				say(`${one.addon_provider.name} is ${now.status}.`);
		}
		this.show(addons);
		await this.changed();
	}

	// One add-on

	card(addon) {
		const name = addon.addon_provider.name;
		const about = () => h("span", {class: "unseen"}, ` of ${name}`);
		const ready = addon.resource_id !== null;
		return h("li", {class: "card", "data-id": addon.id},
			h("div", {class: "card-head"}, h("h3", null, name),
				state(addon.status)),
			h("p", null, h("strong", null, addon.plan.display_name), ", ",
				price(addon.plan)),
			h("p", {class: "soft"}, addon.status === "provisioning"
				? "The provider is preparing it; ordered " : "Ordered ",
			when(addon.provisioned_at), " · ", h("a", {href: `#/apps/${
				encodeURIComponent(this.app)}/history?addon=${addon.id}`},
			"History", about())),
			addon.rebind ? h("div", {class: "notice"},
				h("p", null, "The provider has changed ",
					addon.rebind.join(", "), ". The app gets that when you " +
					"put it in force."),
				button("Put in force", () => this.act(addon, "bind",
					"in force"))) : null,
			addon.status === "suspended" ? h("div", {class: "notice"},
				h("p", null, "Suspended: its provider does not serve it."),
				button("Resume", () => this.act(addon, "resume",
					"running again"))) : null,
			h("div", {class: "actions"},
				ready ? button(["Dashboard", about()],
					() => enter(this.app, addon)) : null,
				addon.status === "running" ? button(["Change plan", about()],
					() => this.change(addon), {class: "quiet"}) : null,
				button(["Remove", about()], () => this.remove(addon),
					{class: "quiet danger"})));
	}

	async act(addon, word, done) {
		await call("POST", this.path(addon.id, word));
		say(`${addon.addon_provider.name} is ${done}.`);
		await this.again();
	}

	async again() {
		await Promise.all([this.reload(), this.changed()]);
	}

	async change(addon) {
		const slug = addon.addon_provider.id;
		const {data} = await get(
			`v1/addon_providers/${encodeURIComponent(slug)}/plans`);
		const box = dialog(`Change the plan of ${addon.addon_provider.name}`);
		const shown = preview();
		const key = orderKey();
		let chosen = null;
		const rehearse = (plan) => {
			chosen = plan;
			shown.ask("PATCH", this.path(addon.id),
				{body: {addon: {plan_id: plan.id}}});
		};
		fill(box.body, h("p", null, "It is on ",
			h("strong", null, addon.plan.display_name), " now."),
		beside(form(async () => {
			if (!chosen)
				throw Object.assign(new Error(), {explain: () => ({
					title: "No plan is chosen yet.",
					advice: "Choose the plan to change to."})});
			const {data: done} = await call("PATCH", this.path(addon.id),
				{body: {addon: {plan_id: chosen.id}}, key: key + chosen.id});
			box.close();
			say(done.message || `The plan is ${chosen.display_name} now.`);
			await this.again();
		}, "Change the plan", planChoice(data.plans.filter((plan) =>
			plan.id !== addon.plan.id), null, rehearse), shown.element),
		cancel(box)));
		box.body.querySelector("input")?.focus();
	}

	remove(addon) {
		const slug = addon.addon_provider.id;
		const box = dialog(`Remove ${addon.addon_provider.name}?`);
		const shown = preview();
		const typed = h("input", {name: "confirm", autocomplete: "off",
			spellcheck: "false", autocapitalize: "none"});
		shown.ask("DELETE", this.path(addon.id));
		const element = form(async () => {
			if (typed.value.trim() !== slug)
				throw Object.assign(new Error(), {fields: {confirm:
					[`type ${slug}, as it stands above`]}});
			await call("DELETE", this.path(addon.id));
			box.close();
			say(`${addon.addon_provider.name} is removed.`);
			await this.again();
			this.element.querySelector("a").focus();
		}, "Remove it for good", field(["Type ", h("strong", null, slug),
			" to confirm"], typed));
		element.querySelector(".primary").classList.add("danger");
		fill(box.body, h("p", null, "The provider is told to delete what it " +
			"keeps for ", h("strong", null, this.app), ". That cannot be " +
			"undone: a rollback does not bring it back."), shown.element,
		beside(element, cancel(box)));
		typed.focus();
	}
}

/** The part of an app's page; changed() is told when variables may differ. */
export function addonsPart(app, signal, changed) {
	const part = new Part(app, signal, changed);
	return {element: part.element, reload: () => part.reload()};
}

