// What a person decides about an alert: label, status, assignee, note; and what was decided before.

import { byId, fill, h, nothing, setText } from "./dom.js";
import { brief, dayClock, plain } from "./format.js";
import { api } from "./api.js";
import { labelMark } from "./marks.js";
import { tell } from "./announce.js";

const form = byId("triage-form");
const field = {
    status: byId("triage-status"), assignee: byId("triage-assignee"), note: byId("triage-note"),
    author: byId("triage-author"),
};
const NAME = "patternalarm-author";
let alert = null;

/** The name that this browser's decisions carry; without one they say at least where they were made. */
export const author = () => field.author.value.trim() || "dashboard";

/** Labels an alert; the answer comes back through the stream too. */
export async function label(id, value) {
    await api.label(id, value, author());
    tell(`Labelled ${value}`);
}

async function save() {
    const changes = { author: author() };
    if (field.status.value !== alert.status) changes.status = field.status.value;
    const assignee = field.assignee.value.trim() || null;
    if (assignee !== (alert.assignee ?? null)) changes.assignee = assignee;
    if (field.note.value.trim()) changes.note = field.note.value.trim();
    if (!("status" in changes || "assignee" in changes || "note" in changes)) {
        setText(byId("triage-result"), "Nothing to save");
        return;
    }
    await api.change(alert.alert_id, changes);
    delete form.dataset.dirty;
    field.note.value = "";
    setText(byId("triage-result"), "Saved");
    tell("Saved");
}

/** Shows an alert's state in the form, except over what a person is writing. */
export function show(now) {
    const other = alert?.alert_id !== now.alert_id;
    alert = now;
    for (const value of ["fraud", "regular"]) {
        byId(`label-${value}`).setAttribute("aria-pressed", String(now.label === value));
    }
    if (!other && form.dataset.dirty) return;
    if (other) {
        field.note.value = "";
        setText(byId("triage-result"), "");
        delete form.dataset.dirty;
    }
    field.status.value = now.status;
    field.assignee.value = now.assignee ?? "";
}

/** "labelled it fraud, set it closed", as nodes. */
function deeds(entry) {
    const list = [
        entry.label ? ["labelled it ", labelMark(entry.label)] : null,
        entry.status ? `set it ${plain(entry.status)}` : null,
        entry.assignee ? ["assigned it to ", h("bdi", {}, brief(entry.assignee, 60))] : null,
        entry.assignee === "" ? "took the assignee away" : null,
        entry.note ? "noted" : null,
    ].filter(Boolean);
    return list.map((deed, i) => [i ? ", " : "", deed]);
}

/** Who decided what and when, the newest first. */
export function history(entries) {
    if (!entries?.length) return nothing("Nobody has decided anything yet");
    const newestFirst = entries.slice().sort((a, b) => (a.at < b.at ? 1 : -1));
    return h("ol", { class: "history" }, newestFirst.map((entry) => h("li", {},
        h("time", { datetime: entry.at }, `${dayClock(entry.at)} UTC`), " ",
        h("b", {}, h("bdi", {}, brief(entry.author, 60))), " ", deeds(entry),
        entry.note ? h("p", { class: "note" }, h("bdi", {}, plain(entry.note))) : null)));
}

export function start(report) {
    try { field.author.value = localStorage.getItem(NAME) ?? ""; } catch { field.author.value = ""; }
    field.author.addEventListener("change", () => {
        try { localStorage.setItem(NAME, field.author.value.trim()); } catch { /* a browser that keeps nothing */ }
    });
    for (const name of ["status", "assignee", "note"]) {
        field[name].addEventListener("input", () => {
            form.dataset.dirty = "yes";
            setText(byId("triage-result"), "");
        });
    }
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        save().catch((problem) => { setText(byId("triage-result"), ""); report(problem); });
    });
    for (const value of ["fraud", "regular"]) {
        byId(`label-${value}`).addEventListener("click", () => label(alert.alert_id, value).catch(report));
    }
    fill(byId("alert-history"), nothing());
}
