// Tests with simulated events: starting and stopping one, and the list of past ones.

import { byId, fact, fill, h, nothing, number, refill, setText, table } from "./dom.js";
import { brief, count, dayClock, milliseconds, percent, plain, rate, seconds } from "./format.js";
import { api } from "./api.js";
import { tell } from "./announce.js";
import { progress, results } from "./run-results.js";
import * as stream from "./stream.js";

const runs = new Map();
let chosen = null; // the run whose results are shown; null: the newest
let draws = null;

const active = (run) => run.status === "running" || run.status === "stopping";
const sorted = () => Array.from(runs.values()).sort((a, b) => (a.started_at < b.started_at ? 1 : -1));
const linkTo = (id) => `#/tests/${encodeURIComponent(id)}`;

/** The panel on the overview: the run under way or the last one. */
function panel(newest) {
    const running = newest !== undefined && active(newest);
    byId("run-start").disabled = running;
    byId("run-stop").disabled = !running || newest.status === "stopping";
    for (const control of byId("run-form").querySelectorAll("fieldset, select, input")) control.disabled = running;
    fill(byId("run-current"), newest ? progress(newest) : nothing("No test has run yet"));
    refill(byId("run-short"), newest?.results ? newest : null, () => (newest?.results ? short(newest) : []));
}

function short(run) {
    const { recall, false_alerts: wrong, latency_ms: latency } = run.results;
    return [h("dl", { class: "facts figures" },
        fact("Recall", percent(recall)), fact("False alerts", count(wrong)),
        fact("Latency p50", milliseconds(latency?.p50)), fact("p99", milliseconds(latency?.p99))),
    h("p", {}, h("a", { href: linkTo(run.simulation_id) }, "All results"))];
}

const link = (run, here) => h("a", { href: linkTo(run.simulation_id), "aria-current": here ? "true" : null },
    dayClock(run.started_at));

function list(all) {
    if (all.length === 0) return nothing("No data: no test has run yet");
    return table("Tests, the newest first, times in UTC",
        ["Started", "Domain", "Load", "State",
            ...["Duration", "Events", "Events/s", "Recall", "False alerts", "p50", "p99"].map(number)],
        all.map((run) => [
            link(run, run === selected(all)), brief(run.domain, 20), plain(run.load_level), plain(run.status),
            seconds(run.duration_seconds), count(active(run) ? null : run.events_sent),
            rate(active(run) ? null : run.events_per_second),
            percent(run.results?.recall), count(run.results?.false_alerts),
            milliseconds(run.results?.latency_ms?.p50), milliseconds(run.results?.latency_ms?.p99),
        ]), { class: "runs" });
}

const selected = (all) => (chosen && runs.get(chosen)) || all[0];

function draw() {
    draws = null;
    const all = sorted();
    panel(all[0]);
    const run = chosen && !runs.has(chosen) ? null : selected(all);
    // The figures of a running test change four times a second; links and tables must not.
    refill(byId("runs-list"), [run?.simulation_id, all.map((one) => [one.simulation_id, one.status])], () => list(all));
    setText(byId("run-title"), run ? `Test ${brief(run.simulation_id, 40)}` : "Results");
    fill(byId("run-progress"), run ? progress(run)
        : nothing(chosen ? "There is no test of this name" : "No data: no test has run yet"));
    refill(byId("run-results"), run ? [run.simulation_id, run.status, run.results] : null,
        () => (run ? results(run) : []));
}

function drawSoon() {
    draws ??= requestAnimationFrame(draw);
}

/** Keeps what is known of a run; false if more was known already: answers and pushes overtake each other. */
function learn(run) {
    const before = runs.get(run.simulation_id);
    if (before && !active(before) && active(run)) return false;
    runs.set(run.simulation_id, run);
    return true;
}

function take(run) {
    const before = runs.get(run.simulation_id);
    if (learn(run) && before && active(before) && !active(run)) {
        tell(`The test has ${run.status}${run.results ? `, recall ${percent(run.results.recall)}` : ""}`);
    }
    drawSoon();
}

export async function load() {
    const { simulations } = await api.simulations();
    simulations.forEach(learn);
    drawSoon();
}

/** Shows the results of one run, or of the newest. */
export function show(id) {
    chosen = id;
    drawSoon();
}

async function begin() {
    const form = new FormData(byId("run-form"));
    take(await api.startSimulation({
        domain: form.get("domain"), load_level: form.get("load_level"),
        duration_seconds: Number(form.get("duration_seconds")),
    }));
    tell("The test has started");
}

async function stop() {
    const running = sorted().find(active);
    if (running) take(await api.stopSimulation(running.simulation_id));
}

export function start(report) {
    byId("run-form").addEventListener("submit", (event) => {
        event.preventDefault();
        begin().catch(report);
    });
    byId("run-stop").addEventListener("click", () => stop().catch(report));
    stream.on("simulation", take);
    stream.on("reset", () => load().catch(report));
}
