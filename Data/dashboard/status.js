// How the process is: each part with its state, its rate and how far it lags, and the figures of the last minute.

import { byId, fill, h, nothing, s, setText } from "./dom.js";
import { bytes, clock, compact, count, day, milliseconds, plain, plural, rate, seconds } from "./format.js";
import { mark } from "./marks.js";
import { picture, scale } from "./chart.js";
import * as stream from "./stream.js";

const HISTORY = 60;
const rates = [];
let rows = null;

const WORDS = { ok: "ok", degraded: "degraded", failed: "failed" };

/** What is worth knowing of a part beside its state. */
function figures(name, status) {
    const { queue, checkpoint_age_seconds: age } = status;
    switch (name) {
    case "ingest":
        return [`${rate(status.events_per_second)} events/s`,
            `queue ${bytes(queue?.bytes)} of ${bytes(queue?.limit)}, ${plural(queue?.requests, "request")}`];
    case "log":
        return [`${compact(status.ledger?.events)} events`, null];
    case "engine":
        return [`lag ${plural(lagOf(status), "event")}`,
            `${compact(status.state_keys)} keys in state, memory ${bytes(status.memory_bytes)}`];
    case "alerts":
        return [`${rate(status.alerts_per_minute)} alerts/min`, `write-ahead log ${bytes(status.alerts_log_bytes)}`];
    case "checkpoints":
        return [age === null || age === undefined ? "none yet" : `${seconds(age)} old`, null];
    case "pipeline":
        return [status.activation ? `activation ${count(status.activation)}` : null, null];
    default:
        return [null, null];
    }
}

/** Events in the log that no engine has dealt with, of all partitions. */
function lagOf(status) {
    return status.lag?.length ? status.lag.reduce((sum, part) => sum + part.events, 0) : null;
}

/** One row a part; the rows stay and only their texts change. */
function partRows(list) {
    const names = list.map((part) => part.name).join("\n");
    if (rows?.names === names) return rows.nodes;
    const nodes = list.map((part) => {
        const node = { detail: h("span", { class: "note" }), state: h("td", {}), figure: h("td", { class: "number" }) };
        const name = h("th", { scope: "row" }, plain(part.name), node.detail);
        return { ...node, row: h("tr", {}, name, node.state, node.figure), status: null };
    });
    rows = { names, nodes };
    fill(byId("parts"), nodes.map((node) => node.row));
    return nodes;
}

function parts(list, status) {
    byId("parts-empty").hidden = list.length > 0;
    const nodes = partRows(list);
    list.forEach((part, i) => {
        const [figure, more] = status ? figures(part.name, status) : [null, null];
        if (nodes[i].status !== part.status) {
            nodes[i].status = part.status;
            fill(nodes[i].state, mark(part.status, WORDS[part.status] ?? plain(part.status)));
        }
        setText(nodes[i].figure, figure ?? "");
        setText(nodes[i].detail, [part.detail === null ? null : plain(part.detail.replaceAll("\n", "; ")), more].filter(Boolean).join("; "));
    });
}

function spark() {
    const box = byId("rate-spark");
    const width = 96, height = 22, most = Math.max(1, ...rates);
    const x = scale(0, HISTORY - 1, 1, width - 1), y = scale(0, most, height - 2, 2);
    const shift = HISTORY - rates.length;
    const text = `Events per second over the last ${plural(rates.length, "second")}, at most ${rate(most)}`;
    fill(box, picture(width, height, text,
        s("polyline", { class: "line", points: rates.map((value, i) => `${x(i + shift)},${y(value)}`).join(" ") })));
}

function tiles(status) {
    const latency = status.latency_ms ?? {};
    setText(byId("tile-rate"), rate(status.events_per_second));
    setText(byId("tile-alerts"), rate(status.alerts_per_minute));
    setText(byId("tile-alerts-note"), `${count(status.alerts_total)} in all`);
    setText(byId("tile-latency"), milliseconds(latency.p50));
    setText(byId("tile-latency-note"), latency.count
        ? `p99 ${milliseconds(latency.p99)}, last minute` : "no alerts in the last minute");
    setText(byId("tile-lag"), count(lagOf(status)));
    setText(byId("tile-lag-note"), (status.lag ?? []).length > 4 ? `in ${count(status.lag.length)} partitions`
        : (status.lag ?? []).map((part) => `p${part.partition}: ${count(part.events)}`).join(", ") || "no partitions");
    setText(byId("tile-clock"), status.clock ? clock(status.clock) : "no data");
    setText(byId("tile-clock-note"), status.clock ? `${day(status.clock)} UTC` : "no events yet");
    const ledger = status.ledger ?? {};
    setText(byId("tile-events"), compact(ledger.events));
    setText(byId("tile-events-note"),
        `${compact(ledger.late)} late, ${compact(ledger.duplicate)} duplicate, ${compact(ledger.rejected)} rejected`);
}

/** The parts before the first push: /health is open and says them too. */
export async function load() {
    const answer = await fetch("/health", { headers: { Accept: "application/json" } });
    const health = await answer.json();
    setText(byId("version"), `patternalarm ${plain(health.version)}`);
    parts(health.parts ?? [], null);
}

export function start() {
    fill(byId("rate-spark"), nothing(""));
    stream.on("status", (status) => {
        if (typeof status.events_per_second === "number") rates.push(status.events_per_second);
        if (rates.length > HISTORY) rates.shift();
        parts(status.parts ?? [], status);
        tiles(status);
        spark();
    });
    stream.on("reset", () => { rates.length = 0; });
}
