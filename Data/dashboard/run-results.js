// How a test goes and what came out of it, against the ground truth that the simulation knows.

import { fact, h, nothing, number, table } from "./dom.js";
import { brief, clock, count, milliseconds, percent, plain, rate, words } from "./format.js";

/** State, bar and throughput. */
export function progress(run) {
    const done = Math.round((run.progress ?? 0) * 100);
    const name = `${plain(run.load_level)} test of ${run.domain === "all" ? "all domains" : brief(run.domain, 24)}`;
    return h("div", { class: "run" },
        h("p", { class: "run-head" }, h("b", {}, name), " ", h("span", { class: "badge" }, plain(run.status)),
            h("span", { class: "quiet" }, ` started ${clock(run.started_at)} UTC`)),
        h("progress", { max: 100, value: done, "aria-label": `Progress of the ${name}` }),
        h("p", { class: "run-figures" },
            `${done}% · ${count(run.events_acknowledged)} of ${count(run.events_planned)} events acknowledged · `
            + `${rate(run.events_per_second)} events/s · ${count(run.alerts)} alerts`));
}

function latencies(title, values) {
    const names = ["p50", "p90", "p99", "p999", "max"];
    return [title, ...names.map((name) => milliseconds(values?.[name])), count(values?.count)];
}

/** Everything that is known when it has ended. */
export function results(run) {
    const r = run.results;
    const ended = run.status !== "running" && run.status !== "stopping";
    if (!r) return nothing(ended ? "No data: this test has no results" : "Results come when the test has ended");
    return [
        h("dl", { class: "facts figures" },
            fact("Recall", percent(r.recall), `${count(r.detected)} of ${count(r.fraud_sessions)} fraud sessions`),
            fact("Missed", count(r.missed)),
            fact("Precision", percent(r.precision)),
            fact("False alerts", count(r.false_alerts), `${percent(r.false_alert_rate, 2)} of regular sessions`),
            fact("Sessions", count(r.sessions), `and ${count(r.cut_sessions ?? 0)} cut by the test's end, not judged`),
            fact("Events", count(run.events_acknowledged), `${rate(run.events_per_second)} a second`)),
        h("div", { class: "two" }, h("div", {}, h("h3", {}, "Latency"),
        table("Counted from the moment an event was due",
            ["To", number("p50"), number("p90"), number("p99"), number("p99.9"), number("most"), number("count")],
            [latencies("alert readable in SQLite", r.latency_ms), latencies("events acknowledged", r.ack_latency_ms)])),
        h("div", {}, h("h3", {}, "Per pattern"),
        r.per_pattern?.length ? table("Whole sessions of each simulated pattern, and how many raised an alert; and of those cut",
            ["Pattern", number("Sessions"), number("With alert"), number("Recall"), number("Cut"), number("With alert")],
            r.per_pattern.map((p) =>
                [h("bdi", {}, brief(words(p.pattern), 60)), count(p.sessions), count(p.alerted), percent(p.recall),
                    count(p.cut_sessions ?? 0), count(p.cut_alerted ?? 0)]))
            : nothing())),
    ];
}
