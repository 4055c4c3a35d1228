// Elements, forms and dialogs, and how dates and prices are written.
// Data becomes text nodes and attributes, never markup.

let counter = 0;

/** A fresh id. */
function fresh(word) {
	counter += 1;
	return `${word}-${counter}`;
}

function set(element, key, value) {
	if (value === null || value === undefined || value === false)
		return;
	if (typeof value === "function")
		element.addEventListener(key, value);
	else if (key === "value" || key === "checked")
		element[key] = value;
	else
		element.setAttribute(key, value === true ? "" : value);
}

function append(element, children) {
	for (const child of children.flat(Infinity))
		if (child !== null && child !== undefined && child !== false)
			element.append(child);
}

/**
 * An element: its attributes (a function listens to the event of that name),
 * then what is in it; null, undefined and false are left out.
 */
export function h(name, attributes, ...children) {
	const element = document.createElement(name);
	append(element, children);
	for (const [key, value] of Object.entries(attributes || {}))
		set(element, key, value);
	return element;
}

/** Put something else into an element. */
export function fill(element, ...children) {
	element.replaceChildren();
	append(element, children);
	return element;
}

// Words

// The page is in English: in that of the reader's own region, if there is one.
export const LOCALE = navigator.languages.find((one) => /^en\b/.test(one)) ||
	"en";
const DAY = new Intl.DateTimeFormat(LOCALE, {dateStyle: "medium"});
const MOMENT = new Intl.DateTimeFormat(LOCALE,
	{dateStyle: "medium", timeStyle: "short"});
const CLOCK = new Intl.DateTimeFormat(LOCALE, {timeStyle: "short"});
const AGO = new Intl.RelativeTimeFormat(LOCALE, {numeric: "auto"});
const SPANS = [["day", 86400], ["hour", 3600], ["minute", 60]];

export const day = (text) => DAY.format(new Date(text));
export const clock = (text) => CLOCK.format(new Date(text));
export const moment = (text) => MOMENT.format(new Date(text));

/** "3 hours ago" or "in 3 hours", for a month; then the date. */
function ago(text) {
	const seconds = (new Date(text) - Date.now()) / 1000;
	if (Math.abs(seconds) > 30 * 86400)
		return day(text);
	for (const [unit, size] of SPANS)
		if (Math.abs(seconds) >= size)
			return AGO.format(Math.round(seconds / size), unit);
	return seconds > 0 ? "in a moment" : "just now";
}

/** A time element, whose whole date is its title. */
export function when(text, write = ago) {
	return text ? h("time", {datetime: text, title: moment(text)}, write(text))
		: "–";
}

/** digits: that many behind the point, where there are so many. */
export function money(amount, currency = "EUR", digits = 2) {
	return new Intl.NumberFormat(LOCALE, {style: "currency", currency,
		maximumFractionDigits: digits}).format(Number(amount));
}

/** What a plan costs, in a few words. */
export function price(plan) {
	const flat = plan.price === 0 ? ""
		: `${money(plan.price, plan.pricings.default.currency)} / 30 days`;
	const units = plan.units && plan.units.length ? "by use" : "";
	return [flat, units].filter(Boolean).join(" + ") || "free";
}

/** digits: at most that many behind the point. */
export function number(value, digits = 3) {
	return value.toLocaleString(LOCALE, {maximumFractionDigits: digits});
}

export function count(amount, one, many = `${one}s`) {
	return `${number(amount)} ${amount === 1 ? one : many}`;
}

/** The text of a provider's HTML, by paragraphs; nothing of it runs. */
export function prose(html) {
	const parsed = new DOMParser().parseFromString(html || "", "text/html");
	const blocks = [...parsed.body.querySelectorAll("p, li")];
	return (blocks.length ? blocks : [parsed.body])
		.map((block) => block.textContent.trim()).filter(Boolean)
		.map((text) => h("p", null, text));
}

/** An address that somebody else gave us, if a link may lead there. */
export function safe(address) {
	return /^https?:\/\//i.test(address || "") ? address : null;
}

/** Say something to everybody: seen for a while, and read out. */
export function say(text) {
	const place = document.getElementById("status");
	const note = h("p", null, text);
	// a modal dialog hides what is outside of it, from readers, too
	const top = [...document.querySelectorAll("dialog[open]")].pop();
	const host = top ? top.querySelector("[role=status]") : place;
	fill(host, note);
	setTimeout(() => note.remove(), 8000);
}

// What went wrong

/** Says what happened and what to do.  again: a function that tries again. */
export function problem(error, again) {
	if (error.name === "AbortError")
		return null;
	const {title, advice, link} = error.explain ? error.explain()
		: /import|module/.test(error.message)
			? {title: "A part of this page could not be loaded.",
				advice: "Check the connection, then load the page again."}
			: {title: "This page has a fault.", advice: error.message};
	return h("div", {class: "problem", role: "alert", tabindex: "-1"},
		h("p", {class: "problem-title"}, title),
		advice ? h("p", null, advice) : null,
		link && safe(link.href)
			? h("p", null, h("a", {href: link.href}, link.text)) : null,
		again ? h("p", null, button("Try again", again)) : null);
}

// Controls

/**
 * A button.  While what it does is under way, it does nothing more; an error
 * is shown right behind it.
 */
export function button(label, act, attributes = {}) {
	const element = h("button", {type: "button", ...attributes}, label);
	element.addEventListener("click", async () => {
		if (element.getAttribute("aria-disabled") === "true")
			return;
		const old = element.nextElementSibling;
		if (old && old.matches(".problem"))
			old.remove();
		element.setAttribute("aria-disabled", "true");
		try {
			await act(element);
		} catch (error) {
			const note = problem(error);
			if (note) {
				element.after(note);
				note.focus();
			}
		}
		element.removeAttribute("aria-disabled");
	});
	return element;
}

/** A label, its control, a hint and a place for what is wrong with it. */
export function field(label, control, hint) {
	control.id = control.id || fresh("field");
	const about = h("p", {class: "hint", id: `${control.id}-hint`}, hint);
	const wrong = h("p", {class: "wrong", id: `${control.id}-wrong`});
	control.setAttribute("aria-describedby",
		hint ? `${about.id} ${wrong.id}` : wrong.id);
	return h("div", {class: "field"},
		h("label", {for: control.id}, label), control,
		hint ? about : null, wrong);
}

/** A choice: [value, text] pairs. */
export function select(name, pairs, chosen, attributes = {}) {
	const element = h("select", {name, ...attributes},
		pairs.map(([value, text]) => h("option", {value}, text)));
	element.value = chosen ?? pairs[0][0];
	return element;
}

function wrongIn(form, name, texts) {
	const control = form.elements.namedItem(name);
	const place = control && control.id &&
		document.getElementById(`${control.id}-wrong`);
	if (!place)
		return null;
	control.setAttribute("aria-invalid", "true");
	fill(place, texts.join("; "));
	return control;
}

/** Take away what the last try has left. */
function clean(form) {
	for (const place of form.querySelectorAll(".wrong"))
		fill(place);
	for (const control of form.querySelectorAll("[aria-invalid]"))
		control.removeAttribute("aria-invalid");
	const old = form.querySelector(".problem");
	if (old)
		old.remove();
}

/** Show an error where it belongs, and move the focus there. */
function complain(form, error) {
	const fields = Object.entries(error.fields || {});
	const rest = fields.filter(([name, texts]) => !wrongIn(form, name, texts));
	const first = form.querySelector("[aria-invalid]");
	if (fields.length > 0 && rest.length === 0) {
		first.focus();
		return;
	}
	const note = problem(error);
	if (!note)
		return;
	const actions = form.querySelector(".actions");
	if (actions)
		actions.before(note);
	else
		form.append(note);
	note.focus();
}

/**
 * A form: fields, then its buttons.  act(form) is called when it is sent;
 * what goes wrong is shown in it, and what was typed stays.
 */
export function form(act, label, ...children) {
	const send = h("button", {class: "primary"}, label);
	const actions = h("div", {class: "actions"}, send);
	const element = h("form", {novalidate: true}, children, actions);
	let busy = false;
	element.addEventListener("submit", async (event) => {
		event.preventDefault();
		if (busy)
			return;
		busy = true;
		send.setAttribute("aria-disabled", "true");
		clean(element);
		try {
			await act(element);
		} catch (error) {
			complain(element, error);
		}
		busy = false;
		send.removeAttribute("aria-disabled");
	});
	return element;
}

/** Put more buttons beside a form's own. */
export function beside(element, ...buttons) {
	element.querySelector(".actions").append(...buttons);
	return element;
}

/** A modal dialog; close() ends it, and the focus goes back. */
export function dialog(title, attributes = {}) {
	const id = fresh("title");
	const back = document.activeElement;
	const body = h("div", {class: "dialog-body"});
	const close = h("button", {type: "button", class: "quiet close",
		"aria-label": "Close"}, "×");
	const element = h("dialog", {"aria-labelledby": id, ...attributes},
		h("div", {class: "dialog-head"}, h("h2", {id}, title), close), body,
		h("div", {role: "status", class: "dialog-status"}));
	close.addEventListener("click", () => element.close());
	element.addEventListener("close", () => {
		element.remove();
		if (back && back.isConnected)
			back.focus();
	});
	document.body.append(element);
	element.showModal();
	return {element, body, close: () => element.close()};
}

/** A cancel button for a dialog's form. */
export function cancel(box, label = "Cancel") {
	return h("button", {type: "button", click: box.close}, label);
}

/** What teaches the next step where there is nothing yet. */
export function empty(title, text, ...next) {
	return h("div", {class: "empty"}, h("p", {class: "empty-title"}, title),
		h("p", null, text), next.length ? h("p", {class: "actions"}, next)
			: null);
}

const STATES = {running: "ok", provisioning: "wait", suspended: "warn"};

/** An add-on's state. */
export function state(status) {
	return h("span", {class: `state ${STATES[status] || "wait"}`}, status);
}

/** Copy a text, or say how where the browser does not let us. */
export async function copy(text, what) {
	try {
		await navigator.clipboard.writeText(text);
		say(`${what} copied.`);
	} catch {
		const box = dialog(`Copy ${what}`);
		const area = h("textarea", {rows: 4, readonly: true, value: text});
		fill(box.body, field("Press Ctrl+C, or hold and choose Copy:", area));
		area.select();
	}
}
