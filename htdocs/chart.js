// Pictures of numbers: SVG drawn to the width there is, and a table behind it.
import {fill, h} from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const COLOURS = 6;
const LEFT = 56;
const BOTTOM = 24;

function s(name, attributes, ...children) {
	const element = document.createElementNS(SVG, name);
	for (const [key, value] of Object.entries(attributes))
		element.setAttribute(key, value);
	element.append(...children.flat().filter((child) => child !== null));
	return element;
}

const colour = (i) => `c${i % COLOURS + 1}`;

/** A round number at or above what is to be shown. */
function ceiling(value) {
	if (value <= 0)
		return 1;
	const size = 10 ** Math.floor(Math.log10(value));
	return [1, 2, 2.5, 5, 10].map((step) => step * size)
		.find((step) => step >= value * 0.999);
}

function legend(series) {
	return h("ul", {class: "legend"}, series.map(({name}, i) =>
		h("li", null, h("span", {class: `swatch ${colour(i)}`,
			"aria-hidden": "true"}), name)));
}

function table(caption, head, rows) {
	return h("details", null, h("summary", null, "As a table"),
		h("div", {class: "scroll", tabindex: "0", role: "region",
			"aria-label": caption},
		h("table", {class: "numbers"},
			h("caption", {class: "unseen"}, caption),
			h("thead", null, h("tr", null, head.map((text) =>
				h("th", {scope: "col"}, text)))),
			h("tbody", null, rows.map(([first, ...rest]) => h("tr", null,
				h("th", {scope: "row"}, first),
				rest.map((text) => h("td", null, text))))))));
}

/** draw(width) makes the SVG; it is drawn anew where the width changes. */
function figure(title, note, draw, ...below) {
	const place = h("div", {class: "chart"});
	let last = 0;
	new ResizeObserver(() => {
		const width = Math.floor(place.clientWidth);
		if (width > 0 && width !== last)
			fill(place, draw(width));
		last = width;
	}).observe(place);
	return h("figure", null, h("figcaption", null, h("h2", null, title),
		note ? h("p", {class: "soft"}, note) : null), place, below);
}

function frame(width, height, label) {
	return s("svg", {viewBox: `0 0 ${width} ${height}`, width, height,
		role: "img", "aria-label": label});
}

function text(x, y, words, attributes = {}) {
	return s("text", {x, y, ...attributes}, words);
}

function grid(width, height, top, write) {
	return [0, 0.5, 1].map((part) => {
		const y = 8 + (height - BOTTOM - 8) * (1 - part);
		return s("g", {}, s("line", {x1: LEFT, x2: width, y1: y, y2: y,
			class: "grid"}), text(LEFT - 6, y + 4, write(top * part),
			{"text-anchor": "end"}));
	});
}

/**
 * Bars, stacked: labels along x, series [{name, values}], write(number) words.
 * mark: a line across at that value, {value, name}.
 */
export function bars({title, note, labels, series, write, mark, summary}) {
	const sums = labels.map((_, i) => series.reduce((sum, one) =>
		sum + one.values[i], 0));
	const top = ceiling(Math.max(...sums, mark ? mark.value : 0));
	function draw(width) {
		const height = 200;
		const full = height - BOTTOM - 8;
		const step = (width - LEFT) / labels.length;
		const thick = Math.min(48, step * 0.6);
		const columns = labels.map((label, i) => {
			const x = LEFT + step * i + (step - thick) / 2;
			let y = height - BOTTOM;
			const parts = series.map((one, n) => {
				const tall = full * one.values[i] / top;
				y -= tall;
				return s("rect", {x, y, width: thick, height: tall,
					class: colour(n)}, s("title", {},
					`${label}, ${one.name}: ${write(one.values[i])}`));
			});
			return s("g", {}, parts, text(x + thick / 2, height - 6, label,
				{"text-anchor": "middle"}));
		});
		const y = height - BOTTOM - (mark ? full * mark.value / top : 0);
		const svg = frame(width, height, summary);
		svg.append(...grid(width, height, top, write), ...columns,
			...(mark && mark.value > 0 ? [s("line", {x1: LEFT, x2: width,
				y1: y, y2: y, class: "limit"}), text(width, y - 4, mark.name,
				{"text-anchor": "end", class: "limit-name"})] : []));
		return svg;
	}
	return figure(title, note, draw, series.length > 1 ? legend(series) : null,
		table(title, ["", ...series.map((one) => one.name), "Sum"],
			labels.map((label, i) => [label,
				...series.map((one) => write(one.values[i])),
				write(sums[i])])));
}

/**
 * What happened when, a lane for each: [{name, points: [{at, text}]}]; from
 * and to (which is now) in milliseconds; write(ms) is a date in words.
 */
export function lanes({title, note, from, to, rows, write, summary}) {
	function draw(width) {
		const tall = 34;
		const left = Math.min(150, width * 0.3);
		const height = rows.length * tall + BOTTOM;
		const place = (at) => left + 10 + (width - left - 20) *
			(at - from) / Math.max(1, to - from);
		const svg = frame(width, height, summary);
		svg.append(...rows.map(({name, points}, n) => {
			const y = n * tall + tall / 2;
			const short = name.length > left / 7.5
				? `${name.slice(0, Math.floor(left / 7.5) - 1)}…` : name;
			return s("g", {}, s("line", {x1: left, x2: width, y1: y, y2: y,
				class: "grid"}), text(0, y + 4, short),
			points.map(({at, text: words}) => s("circle", {cx: place(at),
				cy: y, r: 5, class: colour(n)}, s("title", {}, words))));
		}), text(left, height - 6, write(from)),
		text(width, height - 6, "now", {"text-anchor": "end"}));
		return svg;
	}
	return figure(title, note, draw, table(title, ["What", "Changes", "Last"],
		rows.map(({name, points}) => [name, String(points.length),
			points.length ? points[0].text : "–"])));
}
