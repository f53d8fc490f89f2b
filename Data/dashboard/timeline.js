// The events of an alert's session in time: a picture of amounts and scores, and a table with every event whole.

import { code, h, nothing, number, s, table } from "./dom.js";
import { amount, brief, clockMs, compact, dayClock, plain, plural, score, seconds } from "./format.js";
import { countAxis, fitted, picture, scale, ticks, timeAxis } from "./chart.js";

const ROLES = { before: "before", opened: "opened the alert", revised: "revised it" };

function marker(role, x, y) {
    if (role === "opened") return s("path", { class: "event opened", d: `M${x} ${y - 6}l6 6-6 6-6-6Z` });
    return s("circle", { class: `event ${role === "revised" ? "revised" : "before"}`, cx: x, cy: y, r: 4 });
}

function draw(events, width) {
    const height = 244, left = 52, right = width - 14, split = 144, low = 164, bottom = height - 24;
    const times = events.map((event) => Date.parse(event.time));
    let from = Math.min(...times), to = Math.max(...times);
    const pad = Math.max(500, (to - from) * 0.04);
    from -= pad;
    to += pad;
    const scaled = scale(from, to, left, right);
    const x = (event) => scaled(Date.parse(event.time));
    const amounts = events.map((event) => event.amount).filter((value) => value !== null);
    const lines = ticks(Math.max(0, ...amounts), 3, false);
    const y = scale(0, lines.at(-1), split, 26);
    const scoreY = scale(0, 1, bottom, low + 10);
    const scored = events.filter((event) => event.score !== null);
    return picture(width, height, summary(events),
        s("text", { class: "lane", x: left, y: 10 }, "Amount"),
        countAxis(lines, y, left, right, compact),
        s("text", { class: "lane", x: left, y: low - 3 }, "Score"),
        countAxis([0, 0.5, 1], scoreY, left, right, (value) => String(value)),
        events.map((event) => (event.amount === null ? null
            : s("line", { class: "stem", x1: x(event), x2: x(event), y1: y(0), y2: y(event.amount) }))),
        s("polyline", { class: "line", points: scored.map((event) => `${x(event)},${scoreY(event.score)}`).join(" ") }),
        events.map((event) => [
            marker(event.role, x(event), y(event.amount ?? 0)),
            event.score === null ? null : marker(event.role, x(event), scoreY(event.score)),
        ]),
        timeAxis(from, to, scaled, bottom, right - left));
}

function summary(events) {
    const opened = events.find((event) => event.role === "opened");
    return `${plural(events.length, "event")} from ${dayClock(events[0].time)} to ${dayClock(events.at(-1).time)} UTC. `
        + (opened ? `The alert opened at ${clockMs(opened.time)} with an amount of ${amount(opened.amount)}.` : "");
}

function payloadText(payload) {
    return plainLines(typeof payload === "string" ? payload : JSON.stringify(payload, null, 2));
}

/** Line breaks stay; other hidden characters are made visible. */
const plainLines = (text) => text.split("\n").map((line) => (line === "" ? "" : plain(line))).join("\n");

function eventRows(events) {
    return events.map((event, i) => {
        const gap = i === 0 ? null : (Date.parse(event.time) - Date.parse(events[i - 1].time)) / 1000;
        const between = i === 0 ? 0 : event.position - events[i - 1].position - 1;
        const role = Object.hasOwn(ROLES, event.role) ? ROLES[event.role] : plain(event.role);
        const payload = { class: "payload", tabindex: 0, role: "region", "aria-label": `Payload of event ${i + 1}` };
        return [
            h("time", { datetime: event.time, title: `${dayClock(event.time)} UTC` }, clockMs(event.time)),
            gap === null ? "–" : `+${seconds(gap)}${between > 0 ? `, ${plural(between, "event")} between` : ""}`,
            amount(event.amount),
            score(event.score),
            h("span", { class: "role" }, role),
            h("span", { class: "code", title: plain(event.event_id) }, brief(event.event_id, 24)),
            code(`${event.partition} / ${event.offset}`),
            h("details", {}, h("summary", {}, "Show"), h("pre", payload, payloadText(event.payload))),
        ];
    });
}

/** The section's content. */
export function timeline(events) {
    if (!events?.length) return [nothing("No events are kept with this alert")];
    // The picture has the newest ones, the table the first ones, too, where others lie between.
    const start = events.findIndex((event, i) => i > 0 && event.position !== events[i - 1].position + 1);
    const drawn = events.slice(Math.max(0, start));
    const box = h("div", { class: "chart" });
    const small = { width: 14, height: 14, viewBox: "0 0 14 14" };
    fitted(box, (width) => box.replaceChildren(draw(drawn, width)));
    return [
        box,
        h("ul", { class: "legend", "aria-label": "Kinds of events" }, ["before", "opened", "revised"].map((role) =>
            h("li", {}, s("svg", { ...small, "aria-hidden": "true" }, marker(role, 7, 7)),
                role === "before" ? "before the alert" : ROLES[role]))),
        table("Events of the session, times in UTC",
            ["Time", ...["After", "Amount", "Score"].map(number), "Role", "Event", "Partition / offset", "Payload"],
            eventRows(events)),
    ];
}
