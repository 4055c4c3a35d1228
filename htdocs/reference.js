// Makes the reference of openapi.json, which lies beside it.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
let description;

// An element: its attributes, then what is in it; null is left out.
function make(name, attributes, ...children) {
	const element = document.createElement(name);
	for (const [key, value] of Object.entries(attributes || {}))
		if (value !== null && value !== undefined)
			element.setAttribute(key, value);
	for (const child of children.flat(Infinity))
		if (child !== null && child !== undefined)
			element.append(child);
	return element;
}

// Text whose `code` is marked.
function inline(text) {
	return text.split("`").map((part, i) =>
		i % 2 ? make("code", null, part) : part);
}

// Paragraphs, and lists whose lines begin with "* ".
function prose(text) {
	return (text || "").split(/\n\n+/).filter(Boolean).map((block) => {
		if (!block.startsWith("* "))
			return make("p", null, inline(block));
		return make("ul", null, block.split(/^\* /m).filter(Boolean)
			.map((item) => make("li", null, inline(item))));
	});
}

function nameOf(reference) {
	return reference.slice(reference.lastIndexOf("/") + 1);
}

// What a reference points at, or the thing itself.
function follow(thing) {
	if (!thing.$ref)
		return thing;
	return thing.$ref.slice(2).split("/")
		.reduce((place, step) => place[step], description);
}

// Shapes

// The schema as one object's: allOf put together.
function merged(schema) {
	const whole = follow(schema);
	if (!whole.allOf)
		return whole;
	const parts = [...whole.allOf.map(merged), whole];
	return Object.assign({}, ...parts, {
		allOf: undefined,
		required: parts.flatMap((part) => part.required || []),
		properties: Object.assign({},
			...parts.map((part) => part.properties)),
	});
}

function listed(items, word) {
	return items.flatMap((item, i) => i ? [word, item] : [item]);
}

// A few words on what may stand there, with links to named shapes.
function kind(schema) {
	if (schema.$ref)
		return [make("a", {href: `#shape-${nameOf(schema.$ref)}`},
			nameOf(schema.$ref))];
	if (schema.anyOf)
		return listed(schema.anyOf.map(kind), " or ").flat();
	if (schema.const !== undefined)
		return [JSON.stringify(schema.const)];
	if (schema.enum)
		return [schema.enum.map((one) => JSON.stringify(one)).join(" or ")];
	if (schema.type === "array")
		return ["list of ", kind(schema.items)];
	if (schema.type === "object" && !schema.properties)
		return [typeof schema.additionalProperties === "object"
			? ["object of ", kind(schema.additionalProperties)]
			: "object"];
	if (schema.allOf)
		return kind(schema.allOf[0]);
	return [[schema.type || "anything"].flat().map((type) =>
		type === "string" ? schema.format || type : type).join(" or ")];
}

function limits(schema) {
	const words = {minimum: "from", maximum: "to", minLength: "at least",
		maxLength: "at most", minItems: "at least", maxItems: "at most"};
	return Object.keys(words).filter((key) => schema[key] !== undefined)
		.map((key) => `${words[key]} ${schema[key]}` +
			(key.endsWith("Items") ? " of them" : "") +
			(key.endsWith("Length") ? " characters" : ""));
}

// The objects that have members of their own to show below a member.
function inside(schema) {
	if (schema.$ref)
		return [];
	if (schema.anyOf)
		return schema.anyOf.flatMap(inside);
	if (schema.type === "array" || schema.items)
		return inside(schema.items);
	const whole = merged(schema);
	return whole.properties ? [whole] : [];
}

function members(schema) {
	return make("dl", {class: "members"},
		Object.entries(schema.properties).map(([name, one]) => {
			const must = (schema.required || []).includes(name);
			const rule = [kind(one), limits(one).map((text) => `, ${text}`)];
			return make("div", null,
				make("dt", null, make("code", null, name), " ",
					make("span", {class: "kind"}, rule),
					must ? null : make("span", {class: "may"}, "optional")),
				make("dd", null, one.description
					? make("p", null, inline(one.description)) : null,
				inside(one).map(members)));
		}));
}

// A schema: its name or kind, and its members.
function shape(schema) {
	const objects = inside(schema);
	const single = objects.length === 1 && schema.properties;
	return [single ? null : make("p", {class: "kind"}, kind(schema)),
		objects.map(members)];
}

// A value that a schema would take.
function sample(schema) {
	const one = merged(schema);
	if (one.examples)
		return one.examples[0];
	if (one.const !== undefined || one.enum)
		return one.enum ? one.enum[0] : one.const;
	if (one.anyOf)
		return sample(one.anyOf[0]);
	if (one.properties)
		return Object.fromEntries(Object.entries(one.properties)
			.map(([key, value]) => [key, sample(value)]));
	const plain = {string: "", integer: 0, number: 0, boolean: false,
		object: {}, array: one.items ? [sample(one.items)] : []};
	return Array.isArray(one.type) ? null : plain[one.type] ?? null;
}

function shown(value) {
	return make("pre", {tabindex: 0},
		make("code", null, JSON.stringify(value, null, 2)));
}

function folded(title, ...children) {
	return make("details", null, make("summary", null, title), children);
}

// Operations

function quoted(text) {
	return `'${text.replaceAll("'", "'\\''")}'`;
}

function wayIn(operation) {
	const ways = operation.security || description.security;
	return ways.flatMap((way) => Object.keys(way));
}

// The same as a line of shell.
function curl(method, path, operation) {
	const schemes = description.components.securitySchemes;
	const parameters = (operation.parameters || []).map(follow);
	const scheme = schemes[wayIn(operation)[0]];
	const words = ["curl"];
	const media = operation.requestBody && operation.requestBody.content;
	const target = path.replace(/\{([^}]+)\}/g, (_, name) => {
		const one = parameters.find((par) => par.name === name);
		return encodeURIComponent(sample(one.schema) || name)
			.replaceAll("%40", "@");
	});

	if (scheme && scheme.scheme === "bearer")
		words.push('-H "Authorization: Bearer $TOKEN"');
	if (scheme && scheme.scheme === "basic")
		words.push(wayIn(operation)[0] === "apiToken"
			? '-u ":$TOKEN"' : '-u "$USER:$PASSWORD"');
	if (scheme && scheme.in === "cookie")
		words.push(`-b "${scheme.name}=$SESSION"`);
	if (media)
		words.push("-H 'Content-Type: application/json'", "-d " +
			quoted(JSON.stringify(sample(media["application/json"].schema))));
	if (method !== (media ? "post" : "get"))
		words.push(`-X ${method.toUpperCase()}`);
	words.push(`"$URL${target}"`);
	return make("pre", {tabindex: 0},
		make("code", null, words.join(" \\\n  ")));
}

function parameterTable(operation) {
	const rows = (operation.parameters || []).map(follow);
	if (rows.length === 0)
		return null;
	return [make("h4", null, "Parameters"),
		make("dl", {class: "members"}, rows.map((par) => make("div", null,
			make("dt", null, make("code", null, par.name), " ",
				make("span", {class: "kind"}, `${par.in}, `,
					kind(par.schema),
					limits(par.schema).map((text) => `, ${text}`)),
				par.required ? null
					: make("span", {class: "may"}, "optional")),
			make("dd", null, make("p", null, inline(par.description))))))];
}

// A body of each type that it may have.
function body(content) {
	const types = Object.entries(content);
	return types.map(([type, media]) => [
		types.length > 1 || type !== "application/json"
			? make("p", {class: "kind"}, type) : null,
		type === "application/json"
			? [shape(media.schema),
				folded("Example", shown(sample(media.schema)))]
			: null]);
}

function headerList(response) {
	const rows = Object.entries(response.headers || {});
	if (rows.length === 0)
		return null;
	return [make("h4", null, "Headers"),
		make("dl", {class: "members"}, rows.map(([name, one]) => {
			const header = follow(one);
			return make("div", null,
				make("dt", null, make("code", null, name),
					header.required ? null
						: make("span", {class: "may"}, "optional")),
				make("dd", null, header.description
					? make("p", null, inline(header.description)) : null));
		}))];
}

function answers(operation) {
	const all = Object.entries(operation.responses)
		.map(([status, response]) => [status, response, follow(response)]);
	const good = all.filter(([status]) => status < "300");
	const rest = all.filter(([status]) => status >= "300");
	return [
		good.map(([status, , response]) => [
			make("h4", null, "Answer ",
				make("span", {class: "status"}, status), " ",
				make("span", {class: "kind"},
					inline(response.description))),
			body(response.content || {}),
			headerList(response)]),
		folded(`Other answers: ${rest.map(([status]) => status).join(", ")}`,
			make("dl", {class: "errors"},
				rest.map(([status, , response]) => make("div", null,
					make("dt", null, status),
					make("dd", null, inline(response.description), " ",
						Object.values(response.content || {})
							.filter((media) => media.schema.$ref)
							.map((media) => kind(media.schema))))))),
	];
}

function whoMay(operation) {
	const ways = operation.security || description.security;
	const links = ways.map((way) => Object.keys(way)[0])
		.map((name) => name
			? make("a", {href: `#scheme-${name}`}, name) : "nobody");
	return make("p", {class: "who"}, "Who: ",
		links.length === 0 ? "anybody"
			: links.length > 1 && links[0] === "nobody"
				? ["anybody, or ", listed(links.slice(1), " or ")]
				: listed(links, " or "));
}

function badge(method) {
	return make("span", {class: `method ${method}`}, method.toUpperCase());
}

function article({method, path, operation}) {
	return make("article", {id: operation.operationId},
		make("h3", null, badge(method), " ",
			make("a", {class: "path", href: `#${operation.operationId}`},
				path.split(/(?=\/)/).flatMap((part) =>
					[make("wbr"), part]))),
		make("p", {class: "summary"}, inline(operation.summary)),
		prose(operation.description),
		whoMay(operation),
		parameterTable(operation),
		operation.requestBody ? [make("h4", null, "Request"),
			body(operation.requestBody.content)] : null,
		answers(operation),
		folded("In a shell", curl(method, path, operation)));
}

function operations() {
	return Object.entries(description.paths).flatMap(([path, item]) =>
		METHODS.filter((method) => item[method])
			.map((method) => ({method, path, operation: item[method]})));
}

// The page

function section(id, title, ...children) {
	return make("section", {id, "aria-labelledby": `${id}-title`},
		make("h2", {id: `${id}-title`}, title), children);
}

function schemes() {
	const all = Object.entries(description.components.securitySchemes);
	return section("credentials", "Who asks", all.map(([name, scheme]) =>
		make("article", {id: `scheme-${name}`},
			make("h3", null, make("a", {href: `#scheme-${name}`}, name), " ",
				make("span", {class: "kind"}, scheme.scheme || scheme.in)),
			prose(scheme.description))));
}

function shapes() {
	const all = Object.entries(description.components.schemas)
		.sort(([one], [two]) => one < two ? -1 : 1);
	return section("shapes", "Shapes", all.map(([name, schema]) =>
		make("article", {id: `shape-${name}`},
			make("h3", null, make("a", {href: `#shape-${name}`}, name)),
			prose(schema.description), shape(schema),
			folded("Example", shown(sample(schema))))));
}

function groups() {
	const all = operations();
	return description.tags.map((tag) => ({
		tag,
		id: tag.name.toLowerCase().replace(/[^a-z0-9]+/g, "-"),
		rows: all.filter((row) => row.operation.tags.includes(tag.name)),
	}));
}

function contents(parts) {
	return [make("a", {href: "#about"}, "About"),
		make("a", {href: "#credentials"}, "Who asks"),
		parts.map(({tag, id, rows}) => make("section", null,
			make("h2", null, make("a", {href: `#${id}`}, tag.name)),
			make("ul", null, rows.map(({method, operation}) =>
				make("li", {"data-for": operation.operationId},
					make("a", {href: `#${operation.operationId}`},
						badge(method), " ",
						inline(operation.summary))))))),
		make("a", {href: "#shapes"}, "Shapes")];
}

// Filter: what has all the words stays.
function filter(index) {
	const words = document.getElementById("filter").value.toLowerCase()
		.split(/\s+/).filter(Boolean);
	let count = 0;

	for (const {text, elements} of index) {
		const hit = words.every((word) => text.includes(word));
		count += hit;
		for (const element of elements)
			element.hidden = !hit;
	}
	for (const part of document.querySelectorAll("main .group, nav section"))
		part.hidden = !part.querySelector("article:not([hidden]), " +
			"li:not([hidden])");
	for (const part of document.querySelectorAll("#about, #credentials, #shapes"))
		part.hidden = words.length > 0;
	document.getElementById("count").value =
		words.length > 0 ? `${count} of ${index.length}` : "";
}

// A link to what is filtered out shows it again.
function reveal(index) {
	const target = document.getElementById(
		decodeURIComponent(location.hash.slice(1)));
	if (!target)
		return;
	if (target.closest("[hidden]")) {
		document.getElementById("filter").value = "";
		filter(index);
	}
	// ":target" does not see what was made after the page was loaded
	for (const before of document.querySelectorAll(".here"))
		before.classList.remove("here");
	target.classList.add("here");
	target.scrollIntoView();
}

function watch(index) {
	const field = document.getElementById("filter");

	field.addEventListener("input", () => filter(index));
	document.addEventListener("keydown", (event) => {
		const typing = event.target === field;
		if (event.key === "/" && !typing) {
			event.preventDefault();
			field.select();
		} else if (event.key === "Escape" && typing) {
			field.value = "";
			filter(index);
		}
	});
	window.addEventListener("hashchange", () => reveal(index));
	// on a small screen the contents are in the way once chosen from
	const narrow = window.matchMedia("(max-width: 60rem)");
	const list = document.getElementById("contents");
	list.open = !narrow.matches;
	narrow.addEventListener("change", () => { list.open = !narrow.matches; });
	list.addEventListener("click", (event) => {
		if (narrow.matches && event.target.closest("a"))
			list.open = false;
	});
}

function follower() {
	const links = new Map([...document.querySelectorAll("nav li")]
		.map((item) => [item.dataset.for, item.firstChild]));
	const observer = new IntersectionObserver((entries) => {
		for (const {target, isIntersecting} of entries) {
			const link = links.get(target.id);
			if (isIntersecting)
				link.setAttribute("aria-current", "true");
			else
				link.removeAttribute("aria-current");
		}
	}, {rootMargin: "-20% 0px -75% 0px"});
	for (const id of links.keys())
		observer.observe(document.getElementById(id));
}

function build() {
	const parts = groups();
	const main = document.getElementById("main");

	document.getElementById("list").append(...contents(parts).flat());
	main.replaceChildren(
		section("about", "Reference", make("p", {class: "summary"},
			description.info.summary), prose(description.info.description),
		make("p", null, "For programs: ",
			make("a", {href: "openapi.json"}, "openapi.json"),
			" (OpenAPI ", description.openapi, ").")),
		schemes(),
		...parts.map(({tag, id, rows}) => {
			const part = section(id, tag.name, prose(tag.description),
				rows.map(article));
			part.className = "group";
			return part;
		}),
		shapes());
	const index = operations().map(({method, path, operation}) => ({
		text: [method, path, operation.operationId, operation.summary,
			operation.description, operation.tags].join(" ").toLowerCase(),
		elements: [document.getElementById(operation.operationId),
			document.querySelector(
				`li[data-for="${operation.operationId}"]`)],
	}));
	watch(index);
	follower();
	reveal(index);
}

fetch("openapi.json").then((answer) => {
	if (!answer.ok)
		throw new Error(`it is answered ${answer.status}`);
	return answer.json();
}).then((data) => {
	description = data;
	build();
}).catch((error) => {
	document.getElementById("wait").append(` It cannot be shown: ${error.message}.`);
});
