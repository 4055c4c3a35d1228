// The dialog that takes a whole .env file, and shows what it would change.
import {beside, cancel, count, dialog, field, fill, form, h} from "./dom.js";
import {parseEnv} from "./dotenv.js";
import {changeMark} from "./dryrun.js";

/** What becomes of one line: {change} or {note}. */
function judge(one, known) {
	const now = known.get(one.name);
	if (one.error)
		return {note: `line ${one.line}: ${one.error}`, bad: true};
	if (now && now.addon)
		return {note: `belongs to ${now.addon.provider}: left as it is`};
	if (now && now.value === one.value)
		return {note: "the same already"};
	return {change: now ? "changed" : "added"};
}

function line({one, verdict}) {
	return h("li", {class: verdict.bad ? "bad" : null},
		verdict.change ? changeMark(verdict.change)
			: h("span", {class: "mark"}, verdict.bad ? "!" : "="), " ",
		one.name ? h("code", null, one.name) : null, " ",
		h("span", {class: "soft"}, verdict.note || ""));
}

/** part: the variables' part of the page (view-variables.js). */
export function pasteDialog(part) {
	const box = dialog("Paste a .env file", {class: "wide"});
	const area = h("textarea", {name: "variables", rows: 10, autocomplete: "off",
		spellcheck: "false", placeholder: "GREETING=hello\nAPI_KEY=\"…\""});
	const list = h("div", {class: "preview", "aria-live": "polite"});
	let chosen = [];

	function look() {
		const rows = parseEnv(area.value).map((one) =>
			({one, verdict: judge(one, part.known)}));
		chosen = rows.filter(({verdict}) => verdict.change)
			.map(({one}) => ({name: one.name, value: one.value}));
		fill(list, rows.length ? [
			h("p", {class: "plan-title"},
				`${count(chosen.length, "variable")} to save`),
			h("ul", {class: "plain"}, rows.map(line))] : null);
	}

	area.addEventListener("input", look);
	fill(box.body, beside(form(async () => {
		look();
		if (chosen.length === 0)
			throw Object.assign(new Error(), {fields: {variables:
				["there is nothing in it to save"]}});
		const sent = chosen;
		await part.change("PUT", part.path(), {body: {variables: sent}})
			.finally(look);   // against what is there now
		box.close();
		await part.after(`${count(sent.length, "variable")} saved.`);
	}, "Save all as one change", field("Lines of NAME=value", area,
		"Comments, export, quotes and values of several lines are read. " +
		"Variables that are not named stay."), list), cancel(box)));
	area.focus();
}
