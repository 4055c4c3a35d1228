// What is asked of the API, and its errors in words.
// A change goes by the session's cookie; the server takes it only with
// Content-Type: application/json, which no foreign page can send.

const BASE = new URL(".", document.URL.split("#")[0]);

/** What each status means, and what to do: [what happened, what to do]. */
const MEANING = {
	0: ["The server could not be reached.",
		"Check the connection, then try again."],
	400: ["The server did not understand the request.",
		"Load the page again; if it stays, tell the operator."],
	401: ["You are signed out.", "Sign in again."],
	402: ["This needs a payment method.",
		"Add one to the account, then try again."],
	403: ["You may not do this.",
		"Ask the app's owner, or the operator, for the right to."],
	404: ["It is not there.",
		"It may have been removed or renamed: go back and look again."],
	409: ["It does not fit how things stand.",
		"Read the reason, load the page again if need be, and try again."],
	412: ["Somebody else changed this meanwhile.",
		"Look at what changed, then save again."],
	413: ["That is too large.", "Send less at once."],
	422: ["It was not accepted.", "Change what is named, then try again."],
	429: ["Too many requests.", "Wait a moment, then try again."],
	500: ["The server has a fault.",
		"Try again; if it stays, tell the operator the request's number."],
	502: ["The provider did not answer as it should.", "Try again later."],
	503: ["The server cannot do this now.", "Try again in a moment."],
	504: ["The provider took too long.", "Try again later."],
};

/** An answer that is an error; status 0: there was none. */
export class ApiError extends Error {
	constructor(status, data, request, later) {
		super((data && data.error) || (MEANING[status] || MEANING[500])[0]);
		this.status = status;
		this.fields = (data && data.errors) || null;
		this.url = data && data.url;
		this.request = request;
		this.later = later;   // seconds until it makes sense again, or null
		this.detail = data && data.error;
	}

	/** Title, advice and perhaps a link, for people. */
	explain() {
		const [title, advice] = MEANING[this.status] || MEANING[500];
		const reasons = this.fields ? Object.entries(this.fields)
			.map(([name, texts]) => `${name}: ${texts.join("; ")}`).join(". ")
			: this.detail;
		const words = [reasons ? sentence(reasons) : "", advice];
		if (this.later)
			words.push(`In ${this.later} seconds it may go.`);
		if (this.status >= 500 && this.request)
			words.push(`(Request ${this.request}.)`);
		return {title, advice: words.filter(Boolean).join(" "),
			link: this.status === 402 && this.url
				? {href: this.url, text: "Add a payment method"} : null};
	}
}

function sentence(text) {
	const whole = text[0].toUpperCase() + text.slice(1);
	return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

let signInAgain = null;

/** Who is asked to sign in again where the session has ended: a promise. */
export function onSignedOut(ask) {
	signInAgain = ask;
}

/** An address of the API, below wherever this page is. */
export function address(path, query = {}) {
	const url = new URL(path, BASE);
	for (const [key, value] of Object.entries(query))
		if (value !== null && value !== undefined && value !== "")
			url.searchParams.set(key, value);
	return url;
}

async function ask(method, path, {query, body, revision, key, signal}) {
	const headers = {Accept: "application/json"};
	if (method !== "GET")
		headers["Content-Type"] = "application/json";
	if (revision)
		headers["If-Match"] = `"${revision}"`;
	if (key)
		headers["Idempotency-Key"] = key;
	try {
		return await fetch(address(path, query), {method, headers, signal,
			body: body === undefined ? null : JSON.stringify(body),
			credentials: "same-origin", redirect: "error"});
	} catch (error) {
		if (error.name === "AbortError")
			throw error;
		throw new ApiError(0, null, null);
	}
}

async function read(answer) {
	const request = answer.headers.get("X-Request-Id");
	const kind = answer.headers.get("Content-Type") || "";
	let data = null;
	if (answer.status !== 204 && kind.startsWith("application/json"))
		data = await answer.json().catch(() => null);
	if (!answer.ok)
		throw new ApiError(answer.status, data, request,
			answer.headers.get("Retry-After"));
	if (data === null && answer.status !== 204)
		throw new ApiError(502, {error: "the server's answer is no JSON"},
			request);
	return {data, revision: answer.headers.get("X-Revision")};
}

/**
 * One request; {data, revision}.  Where the session has ended, the user signs
 * in again and it is sent once more, so that nothing typed is lost.
 */
export async function call(method, path, options = {}) {
	const answer = await ask(method, path, options);
	if (answer.status === 401 && signInAgain && !options.guest) {
		await signInAgain();
		return read(await ask(method, path, options));
	}
	return read(answer);
}

export const get = (path, query, signal) => call("GET", path, {query, signal});

/** What a change would do; nothing is changed. */
export async function rehearse(method, path, options = {}) {
	const {data} = await call(method, path,
		{...options, query: {...options.query, dry_run: "true"}});
	return data.dry_run;
}

/** The path of an app, and below it. */
export function appPath(app, ...rest) {
	return ["v1/apps", app, ...rest].map((part, i) =>
		i === 0 ? part : encodeURIComponent(part)).join("/");
}

/** A key by which an order that is repeated counts once. */
export function orderKey() {
	return [...crypto.getRandomValues(new Uint8Array(16))]
		.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
