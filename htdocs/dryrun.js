// What a change would do, before it is done.
import {rehearse} from "./api.js";
import {count, fill, h, money, problem} from "./dom.js";

const MARKS = {added: "+", changed: "~", removed: "−"};

/** Cost before and after. */
function cost({currency, old, new: after}) {
	const unit = " / 30 days";
	if (old === after)
		return h("p", null, "The app goes on to cost ",
			h("strong", null, money(after, currency)), unit, ".");
	return h("p", null, "The app will cost ",
		h("strong", null, money(after, currency)), unit, ", ",
		after > old ? `${money(after - old, currency)} more` :
			`${money(old - after, currency)} less`,
		` than now (${money(old, currency)}).`);
}

export function changeMark(change) {
	return h("span", {class: `mark ${change}`},
		h("span", {"aria-hidden": "true"}, MARKS[change]),
		h("span", {class: "unseen"}, change));
}

function variables(rows) {
	return h("ul", {class: "plain"}, rows.map((row) => h("li", null,
		changeMark(row.change), " ", h("code", null, row.name))));
}

function callLine(one) {
	return h("li", null, `${one.provider} is asked: `,
		h("code", null, `${one.method} ${one.url}`));
}

/** A dry run's answer, for people. */
export function plan(dry) {
	const nothing = !dry.subject && dry.calls.length === 0 &&
		dry.variables.length === 0;
	return h("div", {class: "plan"},
		h("p", {class: "plan-title"}, nothing ? "Nothing would change."
			: "What will happen"),
		dry.cost ? cost(dry.cost) : null,
		dry.variables.length ? [
			h("p", null, count(dry.variables.length, "variable"), ":"),
			variables(dry.variables)] : null,
		dry.calls.length ? h("ul", {class: "plain soft"},
			dry.calls.map(callLine)) : null);
}

/** A place that shows what a call would do; ask(…) resolves to its error. */
export function preview() {
	const element = h("div", {class: "preview", "aria-live": "polite"});
	let turn = 0;
	async function ask(method, path, options) {
		const mine = ++turn;
		element.setAttribute("aria-busy", "true");
		let shown;
		let wrong = null;
		try {
			shown = plan(await rehearse(method, path, options));
		} catch (error) {
			wrong = error;
			shown = problem(error);
		}
		if (mine !== turn)
			return null;
		element.removeAttribute("aria-busy");
		fill(element, shown);
		return wrong;
	}
	return {element, ask};
}
