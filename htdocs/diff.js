// Two states of an app, side by side.
import {fill, h} from "./dom.js";
import {changeMark} from "./dryrun.js";

/** The part of two texts that differs is marked. */
function marked(text, other) {
	if (other === null || text === null)
		return [text];
	let from = 0;
	while (from < text.length && text[from] === other[from])
		from += 1;
	let back = 0;
	while (back < text.length - from && back < other.length - from &&
		text[text.length - 1 - back] === other[other.length - 1 - back])
		back += 1;
	return [text.slice(0, from),
		h("mark", null, text.slice(from, text.length - back)),
		text.slice(text.length - back)];
}

/** One side of a variable. */
function side(row, key, shown) {
	const other = key === "old" ? "new" : "old";
	const absent = key === "old" ? "added" : "removed";
	if (row.change === absent)
		return h("span", {class: "soft"}, "not set");
	if (!shown || row[key] === null)
		return h("span", {class: "masked"},
			h("span", {"aria-hidden": "true"}, "••••••••"),
			h("span", {class: "unseen"}, "hidden"));
	return h("code", null, marked(row[key],
		row.change === "changed" ? row[other] : null));
}

function line(mark, name, before, after) {
	return (heads) => h("tr", {role: "row"},
		h("th", {scope: "row", role: "rowheader"}, mark, " ", name),
		h("td", {role: "cell", "data-head": heads[0]}, before),
		h("td", {role: "cell", "data-head": heads[1]}, after));
}

function addonSide(one) {
	return one ? `${one.plan}, ${one.status}` : h("span", {class: "soft"},
		"not there");
}

/** How many things differ. */
export function size(diff) {
	return diff.variables.length + diff.addons.length +
		(diff.name ? 1 : 0) + (diff.owner ? 1 : 0);
}

/**
 * A table of a diff; shown: values may be seen; heads of the two sides.  The
 * roles hold where a small screen lays it out as blocks.
 */
export function table(diff, shown, heads) {
	const plain = ["name", "owner"].filter((key) => diff[key]).map((key) =>
		line(changeMark("changed"), key, diff[key].old, diff[key].new));
	const rows = [plain,
			diff.addons.map((one) => line(changeMark(one.change),
				[one.provider, h("span", {class: "from"}, "add-on")],
				addonSide(one.old), addonSide(one.new))),
			diff.variables.map((row) => line(changeMark(row.change),
				h("code", null, row.name), side(row, "old", shown),
				side(row, "new", shown)))].flat();
	return h("table", {class: "diff", role: "table"},
		h("thead", {role: "rowgroup"}, h("tr", {role: "row"},
			["What", ...heads].map((text) =>
				h("th", {scope: "col", role: "columnheader"}, text)))),
		h("tbody", {role: "rowgroup"}, rows.map((row) => row(heads))));
}

/** A diff whose values are asked for when they are to be seen. */
export function shownDiff(diff, askValues, words) {
	const place = h("div", null, table(diff, false, words));
	const secret = diff.variables.length > 0;
	const toggle = h("button", {type: "button", class: "quiet"},
		"Show the values");
	let seen = false;
	return {place, toggle: secret ? toggle : null, act: async () => {
		const whole = seen ? diff : await askValues();
		seen = !seen;
		fill(toggle, seen ? "Hide the values" : "Show the values");
		fill(place, table(whole, seen, words));
	}};
}
