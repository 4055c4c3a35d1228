// One app: its add-ons and its variables, side by side where there is room.
import {appPath, get} from "./api.js";
import {h} from "./dom.js";
import {addonsPart} from "./view-addons.js";
import {variablesPart} from "./view-variables.js";

/** What stands above every view of an app. */
export function appHead(app, part) {
	const at = `#/apps/${encodeURIComponent(app)}`;
	const parts = [["Overview", at], ["History", `${at}/history`],
		["Costs", `${at}/costs`], ["Settings", `${at}/settings`]];
	return [
		h("p", {class: "trail"}, h("a", {href: "#/"}, "Apps"), " /"),
		h("h1", {tabindex: "-1"}, app, part === "Overview" ? null
			: h("span", {class: "h1-part"}, ` ${part}`)),
		h("nav", {class: "tabs", "aria-label": `Parts of ${app}`},
			parts.map(([text, href]) => h("a", {href,
				"aria-current": text === part ? "page" : null}, text))),
	];
}

export async function show({params, signal}) {
	const app = params.app;
	const variables = variablesPart(app, signal);
	const addons = addonsPart(app, signal, variables.reload);
	const [known] = await Promise.all([
		get(appPath(app, "variables"), {}, signal),
		addons.reload(),
	]);
	variables.show(known);
	return h("section", null, appHead(app, "Overview"),
		h("div", {class: "columns"}, addons.element, variables.element));
}
