// Branches that were pushed to the store: what each would do, and doing it.
import {call, get} from "./api.js";
import {beside, button, cancel, count, dialog, empty, fill, form, h, problem,
	say, when} from "./dom.js";
import {changeMark, plan} from "./dryrun.js";

const AT = "v1/operator/proposal";

function record(one) {
	return h("li", null, changeMark(one.change), " ",
		h("code", null, one.path), one.problems.map((text) =>
			h("p", {class: "finding error"}, text)));
}

/** Look at one; again() shows the list anew. */
async function look(name, again) {
	const box = dialog(`Proposal ${name}`, {class: "wide"});
	fill(box.body, h("p", {"aria-busy": "true"}, "Held against the records…"));
	let proposal;
	try {
		({data: {proposal}} = await get(AT, {name}));
	} catch (error) {
		fill(box.body, problem(error));
		return;
	}
	const about = [
		h("p", null, h("strong", null, proposal.subject), ", by ",
			`${proposal.author.name} <${proposal.author.email}>, `,
			when(proposal.created_at)),
		h("p", null, `${count(proposal.records.length, "record")}:`),
		h("ul", {class: "plain"}, proposal.records.map(record))];
	if (proposal.state !== "open" || !proposal.dry_run) {
		fill(box.body, about, h("p", {class: "plan-title"},
			proposal.state === "applied" ? "It is applied."
				: "It cannot be applied as it is: its author mends the " +
					"branch, and pushes it again."),
		h("div", {class: "actions"}, cancel(box, "Close")));
		return;
	}
	fill(box.body, about, h("div", {class: "preview"}, plan(proposal.dry_run)),
		beside(form(async () => {
			await call("POST", AT, {body: {name, commit: proposal.commit}});
			box.close();
			say(`${name} is applied.`);
			await again();
		}, "Apply it, as one commit"), cancel(box)));
}

function row(one, again) {
	return h("li", {class: "row"}, h("h2", null, one.subject),
		h("p", {class: "soft"}, one.name, ", by ", one.author.name, ", ",
			when(one.created_at)),
		h("div", {class: "actions"}, button(["Look at it",
			h("span", {class: "unseen"}, `: ${one.name}`)],
		() => look(one.name, again))));
}

export async function show(signal) {
	const place = h("div");
	async function again() {
		const {data} = await get("v1/operator/proposals", {}, signal);
		fill(place, data.proposals.length
			? h("ul", {class: "rows"}, data.proposals.map((one) =>
				row(one, again)))
			: empty("No proposal", "A branch that is pushed to the store " +
				"stands here, with what it would change. Clone it, commit " +
				"on a branch, push the branch."));
	}
	await again();
	return place;
}
