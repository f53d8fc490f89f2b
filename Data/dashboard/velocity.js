// Alerts by event time: stacked bars by severity, and how fast each domain goes, with its trend.

import { byId, fill, h, nothing, number, s, setText, table } from "./dom.js";
import { brief, clock, count, dayClock, plain, plural, score } from "./format.js";
import { api, asking } from "./api.js";
import { SEVERITIES, mark, trendBadge } from "./marks.js";
import { countAxis, fitted, picture, scale, ticks, timeAxis } from "./chart.js";
import * as stream from "./stream.js";

const AGAIN = 2000;
const MOST_TRENDS = 5; // domains come from data and may be many
const ask = asking();
let data = null;
let timer = null;
let lastLoad = 0;
let dirty = false;

const UNITS = { 10: "10 seconds", 60: "minute", 300: "5 minutes", 3600: "hour" };
const unit = () => UNITS[data.bucket_size_seconds] ?? `${data.bucket_size_seconds} s`;

/** The buckets of one domain, or of all together. */
function buckets(domain) {
    const byStart = new Map();
    for (const point of data.data_points) {
        if (domain && point.domain !== domain) continue;
        let bucket = byStart.get(point.bucket_start);
        if (!bucket) {
            const none = Object.fromEntries(SEVERITIES.map((name) => [name, 0]));
            bucket = { start: Date.parse(point.bucket_start), total: 0, severity: none };
            byStart.set(point.bucket_start, bucket);
        }
        bucket.total += point.y1_velocity;
        for (const name of SEVERITIES) bucket.severity[name] += point.by_severity?.[name] ?? 0;
    }
    return Array.from(byStart.values()).sort((a, b) => a.start - b.start);
}

const parts = (bucket) => SEVERITIES.filter((name) => bucket.severity[name])
    .map((name) => `${count(bucket.severity[name])} ${name}`).join(", ");

function tell(bucket) {
    const when = dayClock(new Date(bucket.start).toISOString());
    return `${when}: ${plural(bucket.total, "alert")}${bucket.total ? ` (${parts(bucket)})` : ""}`;
}

function bars(width) {
    const box = byId("velocity-bars");
    if (!data || data.data_points.length === 0) return fill(box, nothing(data ? "No data: no alerts yet" : "Loading"));
    const all = buckets(byId("velocity-domain").value);
    const size = data.bucket_size_seconds * 1000;
    const height = 210, left = 38, right = width - 8, top = 8, bottom = height - 24;
    const from = all[0].start, to = all.at(-1).start + size;
    const x = scale(from, to, left, right);
    const lines = ticks(Math.max(...all.map((bucket) => bucket.total)));
    const y = scale(0, lines.at(-1), bottom, top);
    const thick = Math.max(1, (right - left) / all.length - 2);
    const most = all.reduce((a, b) => (b.total > a.total ? b : a));
    const sum = all.reduce((a, b) => a + b.total, 0);
    const rest = `${plural(sum, "alert")} from ${dayClock(new Date(from).toISOString())} to `
        + `${clock(new Date(to).toISOString())} UTC; most per ${unit()}: ${count(most.total)}`;
    const readout = byId("velocity-readout");
    const columns = all.map((bucket) => {
        let base = 0;
        const stack = SEVERITIES.filter((name) => bucket.severity[name]).map((name) => {
            const low = y(base), high = y(base += bucket.severity[name]);
            const box = { x: x(bucket.start) + 1, width: thick, y: high, height: Math.max(0, low - high - 0.6) };
            return s("rect", { class: `fill-${name}`, ...box });
        });
        const hit = s("rect", {
            class: "hit", x: x(bucket.start), width: thick + 2, y: top, height: bottom - top,
            on: {
                pointerenter: () => setText(readout, tell(bucket)),
                pointerleave: () => setText(readout, rest),
            },
        });
        return s("g", { class: "column" }, hit, stack);
    });
    setText(readout, rest);
    fill(box, picture(width, height, `Alerts per ${unit()} by severity. ${rest}`,
        countAxis(lines, y, left, right), columns, timeAxis(from, to, x, bottom, right - left)));
    return fill(byId("velocity-table"), tabled(all));
}

function tabled(all) {
    const rows = all.map((bucket) => [dayClock(new Date(bucket.start).toISOString()), count(bucket.total),
        ...SEVERITIES.map((name) => count(bucket.severity[name]))]);
    return table(`Alerts per ${unit()}, times in UTC`, ["Begin", ...["Alerts", ...SEVERITIES].map(number)], rows);
}

const sumOf = (domain) => data.data_points.reduce((sum, p) => (p.domain === domain ? sum + p.y1_velocity : sum), 0);

/** One small chart a domain: alerts a bucket as a line, spikes as dots, and the trend of the last bucket in a word. */
function trends(width) {
    const box = byId("velocity-trends");
    if (!data || data.domains.length === 0) return fill(box, nothing(data ? "No data: no alerts yet" : "Loading"));
    const most = Math.max(1, ...data.data_points.map((point) => point.y1_velocity));
    const busiest = data.domains.map((name) => ({ name, total: sumOf(name) })).sort((a, b) => b.total - a.total);
    const few = busiest.slice(0, MOST_TRENDS).map((domain) => domain.name).sort();
    const more = data.domains.length - few.length;
    return fill(box, few.map((domain) => {
        const points = data.data_points.filter((point) => point.domain === domain);
        const last = points.at(-1);
        const high = 40, x = scale(0, points.at(-1).x || 1, 3, width - 5), y = scale(0, most, high - 3, 4);
        const spikes = points.filter((point) => point.trend_status === "SPIKE" && point.y1_velocity > 0);
        const peak = Math.max(...points.map((point) => point.y1_velocity));
        const text = `${plain(domain)}: ${plural(last.y1_velocity, "alert")} in the last ${unit()}, `
            + `most ${count(peak)}, ${plural(spikes.length, "spike")}`;
        return h("li", {},
            h("div", { class: "trend-head" },
                h("h3", {}, h("bdi", { title: plain(domain) }, brief(domain, 24))), trendBadge(last.trend_status),
                h("span", { class: "trend-now" }, h("b", {}, count(last.y1_velocity)), ` per ${unit()}`)),
            picture(width, high, text,
                s("line", { class: "base", x1: 0, x2: width, y1: high - 2, y2: high - 2 }),
                s("polyline", { class: "line", points: points.map((p) => `${x(p.x)},${y(p.y1_velocity)}`).join(" ") }),
                spikes.map((p) => s("circle", { class: "spike", cx: x(p.x), cy: y(p.y1_velocity), r: 2.6 }))),
            h("p", { class: "quiet small" },
                `${plural(last.y3_cumulative, "alert")} shown; average score of the last bucket `,
                last.y2_avg_score === null ? "none" : score(last.y2_avg_score)));
    }), more > 0 ? h("li", { class: "quiet small" }, `${plural(more, "domain")} with fewer alerts not shown`) : null);
}

function domains() {
    const select = byId("velocity-domain");
    const chosen = select.value;
    const titles = data.domains.map((name) => h("option", { value: name }, brief(name, 30)));
    fill(select, h("option", { value: "" }, "All domains"), titles);
    select.value = data.domains.includes(chosen) ? chosen : "";
}

const redraw = [fitted(byId("velocity-bars"), bars), fitted(byId("velocity-trends"), trends)];

/** Loads the buckets and draws them. */
export async function load() {
    lastLoad = Date.now();
    dirty = false;
    const isLast = ask();
    const answer = await api.velocity({ bucket_size_seconds: byId("velocity-bucket").value, buckets: 30 });
    if (!isLast()) return;
    data = answer;
    domains();
    setText(byId("velocity-title"), `Alerts per ${unit()}`);
    for (const draw of redraw) draw();
}

/** Loads again soon, at most every two seconds however many alerts come, and not while nobody looks. */
function loadSoon(report) {
    dirty = true;
    if (timer || document.hidden) return;
    timer = setTimeout(() => {
        timer = null;
        load().catch(report);
    }, Math.max(0, lastLoad + AGAIN - Date.now()));
}

export function start(report) {
    fill(byId("severity-legend"), SEVERITIES.map((name) => h("li", {}, mark(name))));
    byId("velocity-bucket").addEventListener("change", () => load().catch(report));
    byId("velocity-domain").addEventListener("change", () => redraw[0]());
    document.addEventListener("visibilitychange", () => { if (dirty) loadSoon(report); });
    stream.on("alert", () => loadSoon(report));
    stream.on("reset", () => loadSoon(report));
    // Event time goes on without alerts: empty minutes are part of the picture.
    stream.on("status", (status) => {
        if (data?.to && status.clock && Date.parse(status.clock) >= Date.parse(data.to)) loadSoon(report);
    });
}
