// What can be told of a page's accessibility by looking at it; an array of
// what is wrong, run in the page.
const wrong = [];

function name(element) {
	return `<${element.localName}${element.id ? ` id=${element.id}` : ""}` +
		`${element.className && typeof element.className === "string"
			? ` class="${element.className}"` : ""}> "${
			element.textContent.trim().slice(0, 40)}"`;
}

const seen = (element) => element.checkVisibility({visibilityProperty: true});

// Structure
if (!document.documentElement.lang)
	wrong.push("html has no lang");
if (!document.title)
	wrong.push("the page has no title");
const h1 = [...document.querySelectorAll("h1")].filter(seen);
if (h1.length !== 1)
	wrong.push(`${h1.length} h1`);
for (const [css, least] of [["header", 1], ["main", 1], ["[role=status]", 1]])
	if (document.querySelectorAll(css).length < least)
		wrong.push(`no ${css}`);
let level = 1;
for (const heading of document.querySelectorAll(
	"main :is(h1, h2, h3, h4), dialog[open] :is(h2, h3)")) {
	const own = Number(heading.localName[1]);
	if (seen(heading) && own > level + 1)
		wrong.push(`${name(heading)} follows a h${level}`);
	level = seen(heading) ? own : level;
}
const navs = [...document.querySelectorAll("nav")].filter(seen);
if (navs.some((nav) => !nav.getAttribute("aria-label")))
	wrong.push("a nav has no label");
const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
for (const id of new Set(ids))
	if (ids.filter((other) => other === id).length > 1)
		wrong.push(`id ${id} is there twice`);
for (const element of document.querySelectorAll("[tabindex]"))
	if (Number(element.getAttribute("tabindex")) > 0)
		wrong.push(`${name(element)} has a positive tabindex`);
for (const element of document.querySelectorAll(
	"[aria-describedby], [aria-labelledby], [aria-controls]"))
	for (const attribute of ["aria-describedby", "aria-labelledby",
		"aria-controls"])
		for (const id of (element.getAttribute(attribute) || "").split(" "))
			if (id && !document.getElementById(id))
				wrong.push(`${name(element)}: no ${id} for ${attribute}`);
for (const image of document.querySelectorAll("img"))
	if (!image.hasAttribute("alt"))
		wrong.push(`${name(image)} has no alt`);
for (const svg of document.querySelectorAll("main svg"))
	if (!svg.getAttribute("aria-label") || svg.getAttribute("role") !== "img")
		wrong.push("a picture has no name");

// Size of what is touched: WCAG 2.2, 2.5.8
for (const control of document.querySelectorAll("button, select, input")) {
	const box = control.getBoundingClientRect();
	const label = control.labels && control.labels[0];
	const whole = label ? label.getBoundingClientRect() : box;
	if (seen(control) && Math.max(box.height, whole.height) < 24)
		wrong.push(`${name(control)} is ${Math.round(box.height)} px high`);
}

// Contrast
const canvas = document.createElement("canvas");
canvas.width = canvas.height = 1;
const pen = canvas.getContext("2d", {willReadFrequently: true});

function rgba(colour) {
	pen.clearRect(0, 0, 1, 1);
	pen.fillStyle = colour;
	pen.fillRect(0, 0, 1, 1);
	const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
	return [r, g, b, a / 255];
}

function over([r, g, b, a], under) {
	return [r, g, b].map((part, i) => part * a + under[i] * (1 - a));
}

/** What is behind an element: all backgrounds, from the page's own on. */
function behind(element) {
	const layers = [];
	for (let at = element; at; at = at.parentElement) {
		layers.unshift(rgba(getComputedStyle(at).backgroundColor));
		if (at.localName === "dialog")
			break;
	}
	const dark = matchMedia("(prefers-color-scheme: dark)").matches;
	return layers.reduce((under, layer) => over(layer, under),
		dark ? [18, 18, 18] : [255, 255, 255]);
}

function luminance(colour) {
	const [r, g, b] = colour.map((part) => {
		const c = part / 255;
		return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
	});
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one, two) {
	const [high, low] = [luminance(one), luminance(two)]
		.sort((a, b) => b - a);
	return (high + 0.05) / (low + 0.05);
}

let texts = 0;

function judge(element, colour, what) {
	texts += 1;
	const under = behind(element);
	let alpha = 1;
	for (let at = element; at; at = at.parentElement)
		alpha *= Number(getComputedStyle(at).opacity);
	const [r, g, b, a] = rgba(colour);
	const ratio = contrast(over([r, g, b, a * alpha], under), under);
	if (ratio < 4.5)
		wrong.push(`${name(element)}: ${what} has a contrast of ` +
			ratio.toFixed(2));
}

const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
	const element = walker.currentNode.parentElement;
	if (!walker.currentNode.data.trim() || !seen(element) ||
		element.closest(".unseen, .skip, noscript, title, option, " +
			"[aria-disabled=true]"))
		continue;
	const style = getComputedStyle(element);
	judge(element, element.closest("svg") ? style.fill : style.color, "it");
}
for (const control of document.querySelectorAll("input, textarea, select"))
	if (seen(control)) {
		judge(control, getComputedStyle(control).color, "what is typed");
		if (control.placeholder)
			judge(control, getComputedStyle(control, "::placeholder").color,
				"its placeholder");
	}
if (texts < 5)
	wrong.push(`only ${texts} texts were looked at`);

// Nothing is wider than the page
const wide = document.documentElement.scrollWidth - innerWidth;
if (wide > 0)
	wrong.push(`the page is ${wide} px wider than the window`);
return wrong;
