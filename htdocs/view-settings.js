// An app's name, and its end.
import {appPath, call, get} from "./api.js";
import {beside, button, cancel, dialog, field, fill, form, h, moment,
	say} from "./dom.js";
import {preview} from "./dryrun.js";
import {appHead} from "./view-app.js";

function rename(app) {
	const name = h("input", {name: "new_name", autocomplete: "off",
		spellcheck: "false", value: app.name});
	return form(async () => {
		const {data} = await call("POST", appPath(app.name, "rename"),
			{body: {current_name: app.name, new_name: name.value.trim()}});
		location.hash = `#/apps/${encodeURIComponent(data.app.name)}/settings`;
		say(`${app.name} is called ${data.app.name} now.`);
	}, "Rename", field("Name", name, "2 to 48 lowercase letters, digits and " +
		"hyphens. Links with the old name end."));
}

async function remove(app) {
	const path = appPath(app.name);
	let {revision} = await get(path);
	const box = dialog(`Delete ${app.name}?`);
	const shown = preview();
	const typed = h("input", {name: "current_name", autocomplete: "off",
		spellcheck: "false", autocapitalize: "none"});
	const query = {current_name: app.name};
	shown.ask("DELETE", path, {query});
	const element = form(async () => {
		if (typed.value.trim() !== app.name)
			throw Object.assign(new Error(), {fields: {current_name:
				[`type ${app.name}`]}});
		try {
			await call("DELETE", path, {query, revision});
		} catch (error) {
			if (error.status !== 412)
				throw error;
			({revision} = await get(path));
			await shown.ask("DELETE", path, {query});
			throw Object.assign(new Error(), {explain: () => ({
				title: "The app was changed meanwhile.", advice: "See above " +
					"what would happen now, then delete it, or cancel."})});
		}
		box.close();
		location.hash = "#/";
		say(`${app.name} is deleted.`);
	}, "Delete it for good", field(["Type ", h("strong", null, app.name),
		" to confirm"], typed));
	element.querySelector(".primary").classList.add("danger");
	fill(box.body, h("p", null, "Its variables and its bill go, and its " +
		"add-ons' providers are told to delete what they keep."),
	shown.element, beside(element, cancel(box)));
	typed.focus();
}

export async function show({params, signal}) {
	const {data: {app}} = await get(appPath(params.app), {}, signal);
	return h("section", null, appHead(app.name, "Settings"),
		h("dl", {class: "facts"},
			h("div", null, h("dt", null, "Owner"),
				h("dd", null, `${app.owner.username}, ${app.owner.email}`)),
			h("div", null, h("dt", null, "Made"),
				h("dd", null, moment(app.created_at))),
			h("div", null, h("dt", null, "Id"),
				h("dd", null, h("code", null, app.id)))),
		h("section", {class: "card", "aria-labelledby": "rename-title"},
			h("h2", {id: "rename-title"}, "Rename"), rename(app)),
		h("section", {class: "card", "aria-labelledby": "delete-title"},
			h("h2", {id: "delete-title"}, "Delete"),
			h("p", null, "Its add-ons are removed with it. You will see " +
				"what would happen first."),
			h("p", {class: "actions"}, button("Delete the app…",
				() => remove(app), {class: "danger"}))));
}
