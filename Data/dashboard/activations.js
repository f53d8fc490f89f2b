// What is in force, what was, who put it in force and why; and the way back to an earlier one.

import { byId, code, fact, fill, h, nothing, number, setText, table } from "./dom.js";
import { brief, count, dayClock, plain, plural } from "./format.js";
import { api, asking } from "./api.js";
import { author } from "./triage.js";
import { tell } from "./announce.js";
import * as stream from "./stream.js";

const FIRST = 50;
const MORE = 200;
const ask = asking();
let known = []; // the newest last, as far back as a person has looked
let total = 0;
let chosen = null; // the one that a person is asked about

const when = (text) => h("time", { datetime: text }, `${dayClock(text)} UTC`);
const hash = (text) => code(brief(text, 13));
const reason = (one) => (one.note ? h("bdi", {}, plain(one.note)) : h("span", { class: "quiet" }, "no reason given"));

function detectors(one) {
    const living = one.detectors.filter((detector) => detector.change !== "ended");
    if (living.length === 0) return nothing("It has no detectors");
    return table("Its detectors, and what became of each when it came into force",
        ["Detector", "Version", "Mode", "Model", "Change"],
        living.map((detector) => [h("bdi", {}, brief(detector.name, 60)), hash(detector.version),
            plain(detector.mode), detector.model === null ? "–" : code(brief(detector.model, 60)), plain(detector.change)]));
}

function current(one) {
    if (!one) return nothing("No data: nothing is in force");
    return [h("dl", { class: "facts long" },
        fact("Activation", count(one.number)), fact("Since", when(one.at)),
        fact("By", h("bdi", {}, brief(one.author, 60))), fact("Why", reason(one)),
        fact("Pipeline", [h("bdi", {}, brief(one.pipeline, 60)), " ", hash(one.pipeline_sha)]),
        fact("From event", one.offsets.map((from) => `p${from.partition}: ${count(from.offset)}`).join(", ") || "the first")),
    detectors(one)];
}

/** Of one that is in force there is nothing to go back to. */
function action(one) {
    if (one.in_force) return h("span", { class: "badge on" }, "in force");
    const button = h("button", { type: "button", "data-number": one.number, on: { click: () => confirm(one) } },
        "Roll back to this");
    button.setAttribute("aria-label", `Roll back to activation ${one.number}`);
    return button;
}

function past(list) {
    return table("The newest first, times of the server's clock in UTC",
        [number("No."), "At", "By", "Why", "What it changed", "Pipeline", ""],
        list.slice().reverse().map((one) => [count(one.number), when(one.at), h("bdi", {}, brief(one.author, 40)),
            reason(one), h("bdi", {}, plain(one.words)), hash(one.pipeline_sha), action(one)]), { class: "activations" });
}

function draw() {
    fill(byId("activation-current"), current(known.find((one) => one.in_force)));
    fill(byId("activation-list"), known.length ? past(known) : nothing());
    setText(byId("activation-count"), plural(total, "activation"));
    byId("activation-older").hidden = known.length >= total;
}

/** Loads the newest ones and shows them; older ones that were looked at stay. */
export async function show() {
    const isLast = ask();
    const answer = await api.activations({ limit: Math.max(FIRST, Math.min(1000, known.length)) });
    if (!isLast()) return;
    known = answer.activations;
    total = answer.total;
    draw();
}

async function older() {
    const isLast = ask();
    const answer = await api.activations({ limit: MORE, before: known[0]?.number });
    if (!isLast()) return;
    known = [...answer.activations, ...known];
    total = answer.total;
    draw();
}

function confirm(one) {
    chosen = one;
    setText(byId("rollback-title"), `Roll back to activation ${one.number}?`);
    fill(byId("rollback-what"), "What ", h("bdi", {}, brief(one.author, 60)), " put in force at ", when(one.at),
        " holds again from the next event on. Alerts that are there stay as they are; it is an activation of its own.");
    byId("rollback-note").value = "";
    setText(byId("rollback-problem"), "");
    byId("rollback").showModal();
}

/** The server may have days of events to read before it answers. */
async function rollback() {
    const buttons = [byId("rollback-yes"), byId("rollback-no")];
    setText(byId("rollback-problem"), "");
    setText(byId("rollback-yes"), "Rolling back");
    for (const button of buttons) button.disabled = true;
    try {
        const note = byId("rollback-note").value.trim();
        const request = { rollback: chosen.number, author: author() };
        const answer = await api.activate(note ? { ...request, note } : request);
        byId("rollback").close();
        tell(plain(answer.words));
        await show();
    } catch (problem) {
        setText(byId("rollback-problem"), plain(problem.message));
    } finally {
        setText(byId("rollback-yes"), "Roll back");
        for (const button of buttons) button.disabled = false;
    }
}

/** What is wrong with a pipeline file that the server watches: line by line, as text. */
function trouble(status) {
    const part = (status.parts ?? []).find((one) => one.name === "pipeline");
    const words = part && part.status !== "ok" ? part.detail : "";
    const box = byId("activation-trouble");
    if (box.dataset.words === words) return;
    box.dataset.words = words;
    box.hidden = words === "";
    fill(box, words.split("\n").map((line) => h("p", {}, plain(line))));
}

export function start(report) {
    byId("activation-older").addEventListener("click", () => older().catch(report));
    byId("rollback-no").addEventListener("click", () => byId("rollback").close());
    byId("rollback-form").addEventListener("submit", (event) => {
        event.preventDefault();
        rollback();
    });
    stream.on("status", trouble);
}
