// A manifest held against its platform's rules, errors where they stand.
import {call} from "./api.js";
import {count, field, fill, form, h, select} from "./dom.js";

const DIALECTS = [["", "as it looks"], ["scalingo", "Scalingo"],
	["heroku", "Heroku"], ["heroku-v3", "Heroku, version 3"],
	["appfog", "AppFog"], ["clevercloud", "Clever Cloud"], ["flynn", "Flynn"]];

function finding(one) {
	return h("p", {class: `finding ${one.level}`},
		h("strong", null, one.level === "error" ? "Error" : "Warning"), " ",
		one.path ? h("code", null, one.path) : null, " ", one.text);
}

/** The text with its lines' numbers, each finding below its line. */
function annotated(text, findings) {
	const at = new Map();
	for (const one of findings)
		if (one.line)
			at.set(one.line, [...(at.get(one.line) || []), one]);
	return h("ol", {class: "source"}, text.split("\n").map((line, i) => {
		const here = at.get(i + 1) || [];
		return h("li", {class: here.length ? "hit" : null},
			h("code", null, line || " "), here.map(finding));
	}));
}

function result({dialect, findings}, text) {
	const errors = findings.filter((one) => one.level === "error").length;
	const loose = findings.filter((one) => !one.line);
	return [
		h("h2", null, errors ? `${count(errors, "error")} to mend`
			: "It can be registered"),
		h("p", null, `Read as ${dialect || "no dialect that is known"}. `,
			errors ? "Mend what stands below, and check again."
				: "On the server: sutler provider add MANIFEST."),
		loose.map(finding),
		findings.length ? annotated(text, findings) : null];
}

export function show() {
	const area = h("textarea", {name: "text", rows: 14, spellcheck: "false",
		autocomplete: "off", class: "mono"});
	const file = h("input", {type: "file", accept: ".json,application/json"});
	const dialect = select("dialect", DIALECTS, "");
	const place = h("div", {"aria-live": "polite"});
	file.addEventListener("change", async () => {
		if (file.files[0])
			area.value = await file.files[0].text();
	});
	const element = form(async () => {
		fill(place);
		if (!area.value.trim())
			throw Object.assign(new Error(), {fields: {text:
				["paste a manifest, or choose its file"]}});
		const text = area.value;
		const {data} = await call("POST", "v1/operator/manifest_check",
			{body: {text, ...(dialect.value ? {dialect: dialect.value} : {})}});
		fill(place, result(data, text));
	}, "Check it", field("Manifest", area, "JSON, as its platform has it. " +
		"Nothing is registered, and nobody is asked."),
	h("div", {class: "toolbar"}, field("Or a file", file),
		field("Platform", dialect)));
	return h("div", {class: "manifest"}, element, place);
}
