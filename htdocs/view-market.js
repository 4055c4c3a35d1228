// The marketplace: who sells what; and the order.
import {appPath, call, get, orderKey} from "./api.js";
import {button, count, empty, field, fill, form, h,
	money, price, prose, safe, say, select} from "./dom.js";
import {preview} from "./dryrun.js";
import {planChoice} from "./view-addons.js";

function link(provider, app) {
	return `#/market/${encodeURIComponent(provider)}` +
		(app ? `?app=${encodeURIComponent(app)}` : "");
}

/** The cheapest plan, as "from …". */
function from(provider) {
	const plans = provider.plans;
	if (plans.length === 0)
		return "no plan for sale";
	const least = plans.reduce((one, two) => two.price < one.price ? two : one);
	return plans.length === 1 ? price(least)
		: `${count(plans.length, "plan")}, from ` + (least.price === 0
			? "free" : money(least.price, least.pricings.default.currency));
}

/** The first letters: no picture is loaded from elsewhere. */
function monogram(name) {
	const letters = name.replace(/[^\p{L}\p{N} ]/gu, "").split(" ")
		.map((word) => word[0] || "").join("").slice(0, 2);
	return h("span", {class: "monogram", "aria-hidden": "true"},
		letters.toUpperCase());
}

function card(provider, app) {
	return h("li", {class: "card offer",
		"data-text": [provider.id, provider.name, provider.provider_name,
			provider.short_description, provider.category.name,
			...provider.plans.map((plan) => plan.display_name)]
			.join(" ").toLowerCase(),
		"data-category": provider.category.id},
	h("div", {class: "card-head"}, monogram(provider.name),
		h("h2", null, h("a", {href: link(provider.id, app)}, provider.name))),
	h("p", null, provider.short_description ||
		h("span", {class: "soft"}, "It says nothing about itself.")),
	h("p", {class: "soft"}, `${provider.category.name} · ${from(provider)}`));
}

function catalogue(providers, app) {
	const list = h("ul", {class: "cards grid"},
		providers.map((one) => card(one, app)));
	const find = h("input", {type: "search", id: "market-find",
		autocomplete: "off"});
	const kinds = new Map(providers.map((one) =>
		[one.category.id, one.category.name]));
	const kind = select("category", [["", "All categories"], ...kinds], "",
		{id: "market-category"});
	const hits = h("output", {class: "soft"});
	const none = h("div");
	function look() {
		const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
		let shown = 0;
		for (const item of list.children) {
			item.hidden = !(words.every((word) =>
				item.dataset.text.includes(word)) &&
				(!kind.value || item.dataset.category === kind.value));
			shown += !item.hidden;
		}
		hits.value = shown === providers.length ? ""
			: `${shown} of ${providers.length}`;
		fill(none, shown ? null : empty("Nothing like that is for sale here",
			"Try another word, or all categories.", button("Show all", () => {
				find.value = "";
				kind.value = "";
				look();
				find.focus();
			})));
	}
	find.addEventListener("input", look);
	kind.addEventListener("change", look);
	return [h("div", {class: "toolbar"},
		h("label", {for: find.id}, "Search"), find,
		h("label", {for: kind.id}, "Category"), kind, hits), list, none];
}

// The order

class Order {
	constructor(provider, app, apps) {
		this.provider = provider;
		this.plan = provider.plans[0];
		this.key = orderKey();
		this.preview = preview();
		this.choice = select("app", apps.map(({name}) => [name, name]),
			apps.some(({name}) => name === app) ? app : apps[0].name);
		this.choice.addEventListener("change", () => this.rehearse());
		this.prefix = h("input", {name: "name", autocomplete: "off",
			spellcheck: "false", maxlength: 32, placeholder: "CACHE"});
		this.prefix.addEventListener("change", () => this.rehearse());
	}

	body() {
		const name = this.prefix.value.trim();
		return {addon: {addon_provider_id: this.provider.id,
			plan_id: this.plan.id, ...(name ? {name} : {})}};
	}

	path() {
		return appPath(this.choice.value, "addons");
	}

	async rehearse() {
		const wrong = await this.preview.ask("POST", this.path(),
			{body: this.body()});
		if (wrong && wrong.fields && wrong.fields.name)
			this.more.open = true;
	}

	async send() {
		const app = this.choice.value;
		// the same order sent again counts once; another one is another
		const key = `${this.key}-${app}-${this.plan.id}-${this.prefix.value}`;
		const {data} = await call("POST", this.path(),
			{body: this.body(), key});
		location.hash = `#/apps/${encodeURIComponent(app)}`;
		say(data.message || (data.addon.status === "running"
			? `${this.provider.name} is running.`
			: `${this.provider.name} is being prepared.`));
	}

	form() {
		this.more = h("details", null,
			h("summary", null, "A second one for the same app?"),
			field("Beginning of its variables' names", this.prefix,
				"Capital letters, digits and _. Empty: the provider's own."));
		const element = form(() => this.send(), "Order it",
			field("For the app", this.choice),
			planChoice(this.provider.plans, this.plan.id, (plan) => {
				this.plan = plan;
				this.rehearse();
			}), this.more, this.preview.element);
		this.rehearse();
		return element;
	}
}

function offer(provider, app, apps) {
	const about = h("div", {class: "offer-head"}, h("p", {class: "trail"},
		h("a", {href: `#/market${app ? `?app=${encodeURIComponent(app)}`
			: ""}`}, "Marketplace"), " /"),
	h("div", {class: "card-head"}, monogram(provider.name),
		h("h1", {tabindex: "-1"}, provider.name)),
	h("p", {class: "soft"}, [provider.provider_name, provider.category.name]
		.filter(Boolean).join(" · ")));
	const text = h("div", {class: "prose"},
		provider.description ? prose(provider.description)
			: h("p", null, provider.short_description),
		safe(provider.provider_url) ? h("p", null,
			h("a", {href: provider.provider_url, rel: "noreferrer"},
				"The provider's own site")) : null);
	const order = apps.length === 0
		? empty("An add-on is bought for an app", "Make an app first.",
			h("a", {class: "button primary", href: "#/"}, "To your apps"))
		: provider.plans.length === 0
			? empty("No plan is for sale", "Its provider may bring one back.")
			: new Order(provider, app, apps).form();
	return h("section", null, about, h("div", {class: "columns reading"}, text,
		h("section", {class: "card", "aria-labelledby": "order-title"},
			h("h2", {id: "order-title"}, "Order"), order)));
}

async function providersOf(signal) {
	return (await get("v1/addon_providers", {}, signal)).data.addon_providers;
}

export async function show({params, query, signal}) {
	const app = query.get("app");
	if (params.provider) {
		const [providers, {data}] = await Promise.all(
			[providersOf(signal), get("v1/apps", {}, signal)]);
		const found = providers.find((one) => one.id === params.provider);
		return found ? offer(found, app, data.apps) : h("section", null,
			h("h1", {tabindex: "-1"}, "Not for sale"),
			h("p", null, `Nothing called ${params.provider} is sold here. `,
				h("a", {href: "#/market"}, "See what is")));
	}
	const providers = await providersOf(signal);
	return h("section", null,
		h("div", {class: "page-head"},
			h("h1", {tabindex: "-1"}, "Marketplace"),
			app ? h("p", {class: "soft"}, "for ", h("a", {href:
				`#/apps/${encodeURIComponent(app)}`}, app)) : null),
		providers.length ? catalogue(providers, app)
			: empty("Nothing is for sale yet", "The operator registers " +
				"providers: sutler provider add MANIFEST. Then they stand " +
				"here."));
}

