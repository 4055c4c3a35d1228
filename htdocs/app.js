// The shell: who is signed in, which view stands for which address, and where
// the focus goes.
import {call, onSignedOut} from "./api.js";
import {button, dialog, field, fill, form, h, problem, say} from "./dom.js";

/** What follows "#/", and the module that shows it; ":" takes a segment. */
const VIEWS = [
	["", () => import("./view-apps.js")],
	["apps", () => import("./view-apps.js")],
	["apps/:app", () => styled(import("./view-app.js"))],
	["apps/:app/history", () => styled(import("./view-history.js"))],
	["apps/:app/history/:commit", () => styled(import("./view-history.js"))],
	["apps/:app/costs", () => styled(import("./view-costs.js"))],
	["apps/:app/settings", () => styled(import("./view-settings.js"))],
	["market", () => styled(import("./view-market.js"))],
	["market/:provider", () => styled(import("./view-market.js"))],
	["operator", () => styled(import("./view-operator.js"))],
	["operator/:part", () => styled(import("./view-operator.js"))],
];

const main = document.getElementById("main");
const top = document.getElementById("top");
let session = null;
let running = null;   // the view that is shown, to end it
let first = true;

let sheet = null;

/** A module, once the sheet of style that it needs is there, too. */
async function styled(module) {
	sheet = sheet || new Promise((resolve, reject) => {
		const link = h("link", {rel: "stylesheet", href: "views.css"});
		link.addEventListener("load", resolve);
		link.addEventListener("error", () => {
			sheet = null;
			link.remove();
			reject(new Error("views.css could not be imported"));
		});
		document.head.append(link);
	});
	return (await Promise.all([module, sheet]))[0];
}

/** The view's module, its parameters and its query. */
function route() {
	const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
	const words = path.split("/").filter(Boolean).map(decode);
	for (const [pattern, load] of VIEWS) {
		const parts = pattern.split("/").filter(Boolean);
		if (parts.length === words.length && parts.every((part, i) =>
			part.startsWith(":") || part === words[i]))
			return {load, query: new URLSearchParams(query || ""),
				params: Object.fromEntries(parts.map((part, i) =>
					[part.slice(1), words[i]]))};
	}
	return null;
}

function decode(word) {
	try {
		return decodeURIComponent(word);
	} catch {
		return word;
	}
}

// The header

function headerLink(href, text) {
	const here = location.hash || "#/";
	const inside = href === "#/" ? here === "#/" || here.startsWith("#/apps")
		: here.startsWith(href);
	return h("a", {href, "aria-current": inside ? "page" : null}, text);
}

function showHeader() {
	const brand = top.querySelector(".brand");
	fill(top, brand);
	if (!session)
		return;
	top.append(
		h("nav", {"aria-label": "Main"},
			headerLink("#/", "Apps"),
			headerLink("#/market", "Marketplace"),
			session.operator ? headerLink("#/operator", "Operator") : null,
			h("a", {href: "reference.html"}, "API")),
		h("p", {class: "who"}, h("span", null, session.user.username),
			button("Sign out", signOut, {class: "quiet"})));
}

async function signOut() {
	await call("DELETE", "v1/session", {guest: true});
	session = null;
	show();
	say("You are signed out.");
}

// Signing in

/** The form; done() is called once there is a session. */
function signInForm(done) {
	const token = h("input", {name: "token", type: "password", required: true,
		autocomplete: "current-password", spellcheck: "false"});
	return form(async (element) => {
		const {data} = await call("POST", "v1/session",
			{guest: true, body: {token: token.value.trim()}})
			.catch((error) => {
				if (error.status === 401)
					error.fields = {token: ["This token is not known. Copy " +
						"the whole of it, or ask for a new one."]};
				throw error;
			});
		session = data.session;
		element.reset();
		done();
	}, "Sign in", field("API token", token, "It begins with tk-. Your " +
		"operator makes one with: sutler account token NAME"));
}

function showSignIn() {
	main.removeAttribute("aria-busy");
	fill(main, h("section", {class: "sign-in"},
		h("h1", {tabindex: "-1"}, "Sign in"),
		h("p", {class: "soft"}, "Apps, their variables and add-ons, and all " +
			"that ever happened to them."),
		signInForm(() => { first = false; show(); }),
		h("p", {class: "soft"}, "The token stays with the server; this " +
			"browser keeps a session that ends after twelve hours, or when " +
			"you sign out."),
		h("p", null, h("a", {href: "reference.html"}, "API reference"))));
	document.title = "Sign in · sutler";
	if (first)
		main.querySelector("input").focus();
	else
		main.querySelector("h1").focus();
	first = false;
}

let asking = null;

/** The session has ended under a page: sign in above it, and go on. */
function signInAgain() {
	asking = asking || new Promise((resolve, reject) => {
		const box = dialog("Sign in to go on");
		let done = false;
		fill(box.body, h("p", null, "Your session has ended. What you " +
			"typed is still here, and is sent once you have signed in."),
		signInForm(() => {
			done = true;
			showHeader();
			box.close();
		}));
		box.body.querySelector("input").focus();
		box.element.addEventListener("close", () => {
			asking = null;
			if (done)
				resolve();
			else
				reject(new DOMException("not signed in", "AbortError"));
		});
	});
	return asking;
}

// Views

function missing() {
	return h("section", null, h("h1", {tabindex: "-1"}, "No such page"),
		h("p", null, "There is nothing at this address. ",
			h("a", {href: "#/"}, "See your apps")));
}

function failed(error) {
	return h("section", null,
		h("h1", {tabindex: "-1"}, "This cannot be shown"),
		problem(error, show),
		h("p", null, h("a", {href: "#/"}, "See your apps")));
}

/** Show what the address says, and move the focus to its heading. */
async function show() {
	if (running)
		running.abort();
	running = new AbortController();
	const {signal} = running;
	showHeader();
	if (!session) {
		showSignIn();
		return;
	}
	const found = route();
	main.setAttribute("aria-busy", "true");
	let page;
	try {
		page = found ? await (await found.load()).show(
			{...found, session, signal, again: show}) : missing();
	} catch (error) {
		if (signal.aborted)
			return;
		if (error.name === "AbortError") {   // and did not sign in again
			session = null;
			show();
			return;
		}
		page = failed(error);
	}
	if (signal.aborted)
		return;
	main.removeAttribute("aria-busy");
	fill(main, page);
	const heading = main.querySelector("h1");
	document.title = `${heading.textContent} · sutler`;
	if (!first) {
		heading.focus({preventScroll: true});
		window.scrollTo(0, 0);
	}
	first = false;
}

async function start() {
	onSignedOut(signInAgain);
	window.addEventListener("hashchange", show);
	document.querySelector(".skip").addEventListener("click", (event) => {
		event.preventDefault();   // the address is the view's
		main.focus();
	});
	try {
		session = (await call("GET", "v1/session", {guest: true})).data.session;
	} catch (error) {
		if (error.status !== 401) {
			fill(main, h("h1", null, "sutler"), problem(error, start));
			return;
		}
	}
	await show();
}

start();
