// The page of one alert: what it is, its session's events, the reasons, who made it, and what was decided.

import { byId, code, fact, fill, h, nothing, number, refill, setText, table } from "./dom.js";
import { amount, brief, count, dayClock, figure, plain, plural, score, seconds, words } from "./format.js";
import { api, asking } from "./api.js";
import { labelMark, mark } from "./marks.js";
import { timeline } from "./timeline.js";
import { reasonBars } from "./reasons.js";
import * as stream from "./stream.js";
import * as triage from "./triage.js";

const ask = asking();
let id = null;
let again = null;

/** The highest score, where it was another. */
function peak(alert) {
    const [now, most] = [score(alert.score), score(alert.peak_score)];
    return now === most ? null : ` (at most ${most})`;
}

function head(alert) {
    setText(byId("alert-title"), brief(words(alert.alert_type), 80));
    document.title = `${brief(words(alert.alert_type), 40)} · PatternAlarm`;
    fill(byId("alert-marks"), mark(alert.severity), alert.label ? labelMark(alert.label) : null,
        h("span", { class: "quiet" }, plain(alert.status), alert.ended ? ", session ended" : ", session open"));
    const span = (Date.parse(alert.last_seen) - Date.parse(alert.first_seen)) / 1000;
    fill(byId("alert-facts"),
        fact("Score", [h("b", {}, score(alert.score)), peak(alert)]),
        fact(brief(alert.entity, 24), h("bdi", {}, brief(alert.actor_id, 120))),
        fact("Domain", h("bdi", {}, brief(alert.domain, 60))),
        fact("Amount", amount(alert.total_amount)),
        fact("Events", `${count(alert.transaction_count)} in ${seconds(span)}`),
        fact("Opened", `${dayClock(alert.opened_at)} UTC`),
        fact("Last event", `${dayClock(alert.last_seen)} UTC`),
        fact("Assignee", h("bdi", {}, brief(alert.assignee, 60))));
    triage.show(alert);
}

function origin(detail) {
    const { alert, model, rule } = detail;
    return h("dl", { class: "facts" },
        fact("Detector", [h("bdi", {}, brief(alert.detector, 80)), " ",
            alert.detector_version ? code(brief(alert.detector_version, 80)) : null]),
        model ? fact("Model", [h("bdi", {}, brief(model.name, 80)), " ", code(brief(model.id, 80))]) : null,
        rule ? fact("Rule", h("bdi", {}, brief(rule.title || rule.id, 200))) : null,
        rule?.definition ? fact("Definition", h("code", {}, brief(rule.definition, 2000))) : null,
        fact("Activation", count(alert.activation)),
        fact("Revisions", count(alert.revisions)),
        fact("Alert", code(brief(alert.alert_id, 80))));
}

function features(list) {
    if (!list?.length) return nothing("No feature values are kept with this alert");
    return table("All features as of the last event", ["Feature", "Name", number("Value")],
        list.map((f) => [h("bdi", {}, brief(f.title || f.name, 120)), code(brief(f.name, 60)), figure(f.value)]));
}

const FIRST = 10, NEWEST = 200;

/** The newest events, and before them the first ones of a session that has many more. */
async function ends({ alert, events }) {
    const before = events?.[0]?.position ?? 0;
    if (before === 0) return events;
    const first = await api.alert(alert.alert_id, { events_from: 0, events_limit: Math.min(FIRST, before) });
    return [...first.events, ...events];
}

/** A session may have more events than are kept or shown. */
function sessionTitle({ alert, events }) {
    const here = events?.length ?? 0;
    return here < alert.transaction_count ? `Session: ${count(here)} of ${plural(alert.transaction_count, "event")}`
        : `Session: ${plural(here, "event")}`;
}

async function load() {
    const wanted = id;
    const isLast = ask();
    const detail = await api.alert(wanted, { events_limit: NEWEST });
    detail.events = await ends(detail);
    if (wanted !== id || !isLast()) return;
    head(detail.alert);
    refill(byId("alert-timeline"), detail.events, () => timeline(detail.events));
    refill(byId("alert-reasons"), [detail.reasons, detail.rule], () => reasonBars(detail.reasons, detail.rule));
    const { alert, model, rule } = detail;
    refill(byId("alert-origin"), [model, rule, alert.revisions, alert.detector, alert.detector_version],
        () => origin(detail));
    refill(byId("alert-features"), detail.features, () => features(detail.features));
    refill(byId("alert-history"), detail.history, () => triage.history(detail.history));
    setText(byId("alert-events-title"), sessionTitle(detail));
    byId("alert-body").hidden = false;
    byId("label-buttons").hidden = false;
    byId("alert-missing").hidden = true;
}

function missing(problem) {
    byId("alert-body").hidden = true;
    byId("label-buttons").hidden = true;
    byId("alert-missing").hidden = false;
    setText(byId("alert-title"), problem.status === 404 ? "No such alert" : "The alert could not be loaded");
    setText(byId("alert-missing"), problem.message);
}

/** Opens the page for an alert. */
export async function show(wanted) {
    id = wanted;
    byId("alert-body").hidden = true;
    byId("label-buttons").hidden = true;
    byId("alert-missing").hidden = true;
    fill(byId("alert-marks"));
    setText(byId("alert-title"), "Loading");
    try {
        await load();
    } catch (problem) {
        if (wanted === id) missing(problem);
    }
}

export function leave() {
    id = null;
}

export const current = () => id;
export const label = (value) => triage.label(id, value);

export function start(report) {
    triage.start(report);
    const changed = (alert) => {
        if (alert.alert_id !== id) return;
        head(alert);
        // Events, reasons and history are asked for, at most once in half a second.
        again ??= setTimeout(() => {
            again = null;
            if (id) load().catch(report);
        }, 500);
    };
    stream.on("alert", changed);
    stream.on("triage", changed);
    stream.on("reset", () => { if (id) load().catch(report); });
}
