// The live list of alerts. What the server pushes is gathered and shown once a frame; while a person points at the
// list or has chosen a row, new alerts wait, so that no row moves away under a hand.

import { byId, setText } from "./dom.js";
import { count, plural } from "./format.js";
import { api, asking } from "./api.js";
import { say } from "./announce.js";
import * as filters from "./filters.js";
import * as rows from "./feed-rows.js";
import * as stream from "./stream.js";

const MOST = 200;
const alerts = new Map();   // what may be shown: matches the filters
const seen = new Set();     // ids that were counted, the last few thousand
let known = "";             // the newest event of the last load: what opened later is new
const holds = new Set();    // why the list stands still: "row", "pointer", "pause", "page"
let shown = [];
let total = null;
let next = null;            // where older ones begin
let chosen = null;
let waiting = 0;
let outside = 0;
let frame = null;
let live = false;
let meanwhile = null;       // what was pushed while a load was under way

const ask = asking();

const newest = (a, b) => (a.last_seen < b.last_seen ? 1 : a.last_seen > b.last_seen ? -1
    : a.alert_id < b.alert_id ? -1 : 1);
const worst = (a, b) => b.score - a.score || newest(a, b);

function draw() {
    frame = null;
    if (holds.size === 0) {
        const sorted = Array.from(alerts.values()).sort(filters.order() === "score" ? worst : newest);
        for (const alert of sorted.slice(MOST)) alerts.delete(alert.alert_id);
        shown = sorted.slice(0, MOST).map((alert) => alert.alert_id);
        waiting = 0;
        rows.show(sorted.slice(0, MOST), true);
    }
    describe();
}

function drawSoon() {
    frame ??= requestAnimationFrame(draw);
}

/** Whether what comes is shown at once, and if not, why. */
function mode() {
    if (holds.has("pause")) return "Paused";
    if (holds.has("page")) return "Older alerts";
    if (holds.size) return "Held";
    return live ? "Live" : "Not live";
}

function describe() {
    const none = shown.length === 0;
    byId("feed-table").hidden = none;
    byId("feed-empty").hidden = !none;
    setText(byId("feed-empty"), total === null ? "Loading" : filters.any() ? "No alert matches the filters"
        : "No alerts. Post events to /events, or run a test.");
    setText(byId("feed-count"), none || total === null ? ""
        : `${count(shown.length)} of ${count(Math.max(total, shown.length))}`);
    setText(byId("feed-mode"), mode());
    byId("feed-mode").classList.toggle("live", mode() === "Live");
    byId("feed-new").hidden = waiting === 0 && !holds.has("page");
    setText(byId("feed-new"), waiting ? `Show ${plural(waiting, "new alert")}` : "Back to the newest");
    byId("feed-older").disabled = next === null;
    byId("feed-pause").setAttribute("aria-pressed", String(holds.has("pause")));
    setText(byId("feed-outside"), outside
        ? `${plural(outside, "new alert")} by event time older than the ones shown here` : "");
}

function firstTime(alert) {
    if (seen.has(alert.alert_id)) return false;
    seen.add(alert.alert_id);
    if (seen.size > 5000) seen.delete(seen.values().next().value);
    return true;
}

function pushed(alert) {
    meanwhile?.push(alert);
    filters.learn(alert);
    const isNew = firstTime(alert) && (alert.revisions === 0 || alert.opened_at > known);
    const visible = shown.includes(alert.alert_id);
    if (!filters.matches(alert)) {
        if (alerts.delete(alert.alert_id) && holds.size === 0) drawSoon();
        else if (visible) rows.change(alert);
        return;
    }
    if (isNew) {
        total = (total ?? 0) + 1;
        say(alert);
    }
    if (holds.size) {
        if (visible) { alerts.set(alert.alert_id, alert); rows.change(alert); return; }
        if (!holds.has("page")) keep(alert);
        if (isNew) { waiting += 1; drawSoon(); }
        return;
    }
    keep(alert);
    if (isNew && shown.length >= MOST && filters.order() === "newest"
        && newest(alert, alerts.get(shown.at(-1)) ?? alert) > 0) outside += 1;
    drawSoon();
}

function keep(alert) {
    alerts.set(alert.alert_id, alert);
    if (alerts.size <= MOST * 3) return;
    // Held for long: only what can be shown later is kept.
    const sorted = Array.from(alerts.values()).sort(filters.order() === "score" ? worst : newest);
    for (const old of sorted.slice(MOST)) if (!shown.includes(old.alert_id)) alerts.delete(old.alert_id);
}

/** Loads the list; `cursor` is where older ones begin. */
export async function load(cursor = null) {
    const isLast = ask();
    meanwhile = [];
    try {
        const wanted = filters.parameters();
        const [page, byActor] = await Promise.all([
            api.alerts({ ...wanted, cursor }),
            filters.text() ? api.alerts({ ...wanted, actor: filters.text() }) : null,
        ]);
        if (!isLast()) return;
        holds.delete("page");
        holds.delete("row");
        if (cursor) holds.add("page");
        alerts.clear();
        for (const alert of [...page.alerts, ...(byActor?.alerts ?? [])]) {
            firstTime(alert);
            filters.learn(alert);
            if (filters.matches(alert)) alerts.set(alert.alert_id, alert);
        }
        total = filters.text() ? alerts.size : page.total;
        next = page.next_cursor;
        waiting = 0;
        outside = 0;
        for (const alert of alerts.values()) if (alert.last_seen > known) known = alert.last_seen;
        const sorted = Array.from(alerts.values()).sort(filters.order() === "score" ? worst : newest);
        shown = sorted.slice(0, MOST).map((alert) => alert.alert_id);
        rows.show(sorted.slice(0, MOST), false);
        if (chosen && alerts.has(chosen)) rows.select(chosen, false);
        describe();
    } finally {
        if (isLast()) {
            const late = meanwhile;
            meanwhile = null;
            late.forEach(pushed);
        }
    }
}

function hold(reason, on) {
    if (on === holds.has(reason)) return;
    if (on) holds.add(reason);
    else holds.delete(reason);
    drawSoon();
}

/** Moves the choice by one row. */
export function move(step) {
    const at = shown.indexOf(chosen);
    choose(shown[at < 0 ? (step > 0 ? 0 : -1) : Math.min(shown.length - 1, Math.max(0, at + step))] ?? shown.at(-1));
}

export function choose(id, focus = true) {
    chosen = id ?? null;
    hold("row", chosen !== null);
    rows.select(chosen, focus);
}

export const current = () => chosen;

/** The alert before or after this one in the list. */
export function neighbour(id, step) {
    const at = shown.indexOf(id);
    return at < 0 ? shown[0] ?? null : shown[at + step] ?? null;
}

/** Lets waiting alerts in, and goes back to the newest. */
export function showNew() {
    if (holds.has("page")) return load();
    choose(null);
    holds.delete("pause");
    byId("feed-scroll").scrollTop = 0;
    drawSoon();
    return undefined;
}

/** Connects the list with its controls and the stream. `report` shows a failure. */
export function start(report) {
    stream.on("alert", pushed);
    stream.on("triage", pushed);
    stream.on("reset", () => load().catch(report));
    stream.on("connection", (connection) => { live = connection.state === "live"; describe(); });
    stream.on("status", (status) => {
        // Without filters the server knows best how many there are.
        if (filters.any() || total === null || total === (status.alerts_total ?? total)) return;
        total = status.alerts_total;
        describe();
    });
    let typing = null;
    filters.onChange((onlyText) => {
        chosen = null;
        clearTimeout(typing);
        typing = setTimeout(() => load().catch(report), onlyText ? 250 : 0);
    });
    byId("feed-new").addEventListener("click", () => showNew()?.catch(report));
    byId("feed-older").addEventListener("click", () => load(next).catch(report));
    byId("feed-pause").addEventListener("click", () => hold("pause", !holds.has("pause")));
    const list = byId("feed-scroll");
    list.addEventListener("pointerenter", (e) => { if (e.pointerType === "mouse") hold("pointer", true); });
    list.addEventListener("pointerleave", () => hold("pointer", false));
    list.addEventListener("focusin", (e) => { const id = rows.idOf(e.target); if (id) choose(id, false); });
    list.addEventListener("click", (e) => {
        const id = rows.idOf(e.target);
        if (id && !e.target.closest("a")) location.hash = rows.linkTo(id);
    });
}

