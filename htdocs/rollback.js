// The preview of a rollback, and doing it.
import {appPath, call, get} from "./api.js";
import {beside, cancel, count, dialog, fill, form, h, problem,
	say} from "./dom.js";
import {changeMark} from "./dryrun.js";

/** Why a variable is not put back. */
const STAYS = {
	stale: "its add-on is gone, or has other credentials since: stays as it is",
	forgotten: "its value of then has been destroyed: stays as it is",
	provider: "its add-on's: the provider decides",
	taken: "the name belongs to an add-on now: stays as it is",
};

const WILL = {added: "comes back", changed: "gets its value of then",
	removed: "goes: it was not there then"};

function line(row, boxes, changed) {
	const label = [changeMark(row.change), " ", h("code", null, row.name), " ",
		h("span", {class: "soft"}, STAYS[row.state] || WILL[row.change])];
	if (row.state !== "restored")
		return h("li", {class: "stays"}, label);
	const box = h("input", {type: "checkbox", checked: true, value: row.name,
		change: changed});
	boxes.push(box);
	return h("li", null, h("label", {class: "check"}, box, h("span", null,
		label)));
}

/** done(text) is called once it is rolled back. */
export async function rollbackDialog(app, to, words, done) {
	const path = appPath(app, "rollback");
	const box = dialog(`Roll back ${app}`, {class: "wide"});
	fill(box.body, h("p", {"aria-busy": "true"}, "Looking what would change…"));
	let answer;
	let revision;
	try {
		// what the preview holds for: asked first, so that it is not newer
		({revision} = await get(appPath(app)));
		answer = await call("POST", path, {body: {to, dry_run: true}});
	} catch (error) {
		fill(box.body, problem(error));
		return;
	}
	const {rollback} = answer.data;
	const boxes = [];
	const names = () => boxes.filter((one) => one.checked)
		.map((one) => one.value);
	const changed = () => fill(element.querySelector(".primary"),
		`Roll back ${count(names().length, "variable")}`);
	const intro = h("p", null, "To how it was ", words, rollback.to
		? [", after “", rollback.to.subject, "”"] : null,
	". Only the app's own variables are put back; add-ons stay.");
	const rows = h("ul", {class: "plain checks"}, rollback.variables.map((row) =>
		line(row, boxes, changed)));
	if (boxes.length === 0) {
		fill(box.body, intro, rollback.variables.length ? rows : null,
			h("p", {class: "plan-title"}, "There is nothing to put back."),
			h("div", {class: "actions"}, cancel(box, "Close")));
		return;
	}
	const element = form(async () => {
		const chosen = names();
		if (chosen.length === 0)
			throw Object.assign(new Error(), {explain: () => ({
				title: "No variable is chosen.",
				advice: "Choose at least one, or cancel."})});
		try {
			await call("POST", path, {revision, body: {to,
				...(chosen.length < boxes.length ? {names: chosen} : {})}});
		} catch (error) {
			if (error.status !== 412)
				throw error;
			box.close();
			await rollbackDialog(app, to, words, done);
			say("The app was changed meanwhile: look at the preview again.");
			return;
		}
		box.close();
		await done(`${count(chosen.length, "variable")} rolled back. The ` +
			"history has it as a change of its own.");
	}, "Roll back", rows);
	fill(box.body, intro, beside(element, cancel(box)));
	changed();
}
