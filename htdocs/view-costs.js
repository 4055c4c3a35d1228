// What an app costs, what its metered plans used, and how often it changed.
import {appPath, get} from "./api.js";
import {LOCALE, day, empty, h, moment, money, number} from "./dom.js";
import {bars, lanes} from "./chart.js";
import {appHead} from "./view-app.js";

const MONTHS = 6;
const CHANGES = 100;

/** The last months, oldest first, as the API writes them. */
function months(createdAt) {
	const now = new Date();
	const all = [];
	for (let back = MONTHS - 1; back >= 0; back--)
		all.push(new Date(Date.UTC(now.getUTCFullYear(),
			now.getUTCMonth() - back, 1)).toISOString().slice(0, 7));
	return all.filter((month) => month >= createdAt.slice(0, 7));
}

function monthName(month) {
	return new Intl.DateTimeFormat(LOCALE, {month: "short", timeZone: "UTC"})
		.format(new Date(`${month}-01T00:00:00Z`));
}

function unique(list) {
	return [...new Set(list)];
}

/** A chart of each currency that was paid in. */
function costs(bills) {
	const rows = bills.flatMap((bill) => bill.addons);
	return unique(rows.map((one) => one.currency)).map((currency) => {
		const slugs = unique(rows.filter((one) => one.currency === currency)
			.map((one) => one.addon_provider));
		const series = slugs.map((name) => ({name, values: bills.map((bill) =>
			bill.addons.filter((one) => one.addon_provider === name &&
				one.currency === currency)
				.reduce((sum, one) => sum + Number(one.total), 0))}))
			.filter(({values}) => values.some(Boolean));
		if (series.length === 0)
			return null;
		const write = (amount) => money(amount, currency);
		const last = bills[bills.length - 1];
		const now = write(Number(last.totals[currency] || 0));
		return bars({title: "Cost by month", series, write,
			labels: bills.map((bill) => monthName(bill.month)),
			note: h("span", null, h("strong", null, now),
				" so far this month."),
			summary: `Cost of the last ${bills.length} months, ` +
				`${now} so far this month`});
	});
}

/** A chart of each unit that a metered plan counts. */
function usage(bills) {
	const lines = bills.flatMap((bill) => bill.addons.flatMap((addon) =>
		addon.lines.filter((line) => line.kind === "metered")
			.map((line) => ({slug: addon.addon_provider, unit: line.unit,
				month: bill.month, quantity: Number(line.quantity),
				included: Number(line.included || 0)}))));
	const keys = unique(lines.map((one) => `${one.slug} ${one.unit}`));
	return keys.map((key) => {
		const mine = lines.filter((one) => `${one.slug} ${one.unit}` === key);
		const sums = bills.map((bill) => mine.filter((one) =>
			one.month === bill.month).reduce((sum, one) =>
			sum + one.quantity, 0));
		const included = mine[mine.length - 1].included;
		const write = number;
		const now = write(sums[sums.length - 1]);
		return bars({title: `${mine[0].slug}: ${mine[0].unit}`, write,
			series: [{name: mine[0].unit, values: sums}],
			labels: bills.map((bill) => monthName(bill.month)),
			mark: {value: included, name: `${write(included)} included`},
			note: `${now} this month` + (included
				? ` of ${write(included)} that the plan includes.` : "."),
			summary: `${mine[0].unit} of ${mine[0].slug} by month, ` +
				`${now} this month`});
	});
}

/** Changes over time: the app's own lane, then one of each add-on. */
function activity(app, commits, addons, created) {
	const names = new Map(addons.map((one) =>
		[one.id, one.addon_provider.name]));
	const lane = new Map([[null, {name: app, points: []}]]);
	for (const commit of commits) {
		const id = commit.addon_id;
		if (!lane.has(id))
			lane.set(id, {name: names.get(id) || "removed add-on", points: []});
		lane.get(id).points.push({at: Date.parse(commit.created_at),
			text: `${moment(commit.created_at)}: ${commit.subject}`});
	}
	const points = [...lane.values()].flatMap((one) => one.points)
		.map((point) => point.at);
	const from = Math.min(...points, commits.length < CHANGES
		? Date.parse(created) : Date.now());
	const write = Date.now() - from < 2 * 86400e3 ? moment : day;
	return lanes({title: "Changes over time", rows: [...lane.values()],
		from, to: Date.now(),
		write: (at) => write(new Date(at).toISOString()),
		note: h("span", null, "Every dot is a change; the ",
			h("a", {href: `#/apps/${encodeURIComponent(app)}/history`},
				"history"), " has them all."),
		summary: `${commits.length} changes of ${app} and its add-ons`});
}

export async function show({params, signal}) {
	const {app: name} = params;
	const path = (...rest) => appPath(name, ...rest);
	const {data: {app}} = await get(path(), {}, signal);
	const [history, addons, ...bills] = await Promise.all([
		get(path("history"), {per_page: CHANGES}, signal),
		get(path("addons"), {}, signal),
		...months(app.created_at).map((month) =>
			get(path("usage"), {month}, signal)),
	]);
	const months_ = bills.map(({data}) => data.usage);
	const paid = costs(months_).filter(Boolean);
	return h("section", null, appHead(name, "Costs"),
		h("div", {class: "figures"},
			paid.length ? paid : empty("No cost so far", "Nothing that this " +
				"app has is paid for. Plans that cost show here, month by " +
				"month."),
			usage(months_),
			activity(name, history.data.history, addons.data.addons,
				app.created_at)));
}
