// Reads what people paste: lines of a .env file.

const LINE = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*/;
const ESCAPES = {n: "\n", r: "\r", t: "\t", "\"": "\"", "\\": "\\", $: "$"};

/** A quoted value from text at start, the quote's place; null: no end. */
function quoted(text, start) {
	const quote = text[start];
	let value = "";
	for (let i = start + 1; i < text.length; i++) {
		if (text[i] === quote)
			return {value, end: i + 1};
		if (text[i] === "\\" && quote === "\"" && text[i + 1] in ESCAPES) {
			i += 1;
			value += ESCAPES[text[i]];
		} else {
			value += text[i];
		}
	}
	return null;
}

function endOfLine(text, from) {
	const end = text.indexOf("\n", from);
	return end < 0 ? text.length : end;
}

/**
 * The variables of a text, {name, value, line}; what is no assignment, or has
 * no value, is {line, error} (and perhaps the name).  The last of a name holds.
 */
export function parseEnv(source) {
	const text = source.replace(/\r\n?/g, "\n");
	const found = [];
	let at = 0;
	let line = 1;
	while (at < text.length) {
		const end = endOfLine(text, at);
		const one = text.slice(at, end);
		let next = end + 1;
		const match = LINE.exec(one);
		if (/^\s*(#|$)/.test(one)) {
			// a comment
		} else if (!match) {
			found.push({line, error: "no NAME=value"});
		} else {
			const start = at + match[0].length;
			const quote = quoted(text, start);
			if (!/["']/.test(text[start] || "")) {
				found.push({line, name: match[1], value:
					text.slice(start, end).replace(/\s+#.*$/, "").trim()});
			} else if (!quote) {
				found.push({line, name: match[1],
					error: "the quote is never closed"});
			} else {
				found.push({line, name: match[1], value: quote.value});
				next = endOfLine(text, quote.end) + 1;
			}
		}
		line += text.slice(at, next).split("\n").length - 1;
		at = next;
	}
	return lastOfEach(found.map((one) => one.value === ""
		? {...one, error: "has no value"} : one));
}

function lastOfEach(found) {
	return found.filter((one, i) => !one.name ||
		!found.slice(i + 1).some((later) => later.name === one.name));
}
