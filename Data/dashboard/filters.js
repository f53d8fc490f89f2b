// The filters above the feed: what is asked of the server, and the same test for alerts that are pushed.

import { byId, h } from "./dom.js";
import { brief, words } from "./format.js";
import { api } from "./api.js";

const controls = {
    text: byId("filter-text"), severity: byId("filter-severity"), type: byId("filter-type"),
    domain: byId("filter-domain"), status: byId("filter-status"), order: byId("filter-order"),
};
const known = { type: new Set(), domain: new Set() };
const MOST = 100; // choices in a list: types and domains come from data and may be many

/** Calls `handler(onlyText)` when a filter changes. */
export function onChange(handler) {
    for (const [name, control] of Object.entries(controls)) {
        control.addEventListener(name === "text" ? "input" : "change", () => handler(name === "text"));
    }
    byId("filter-clear").addEventListener("click", () => { clear(); handler(false); });
}

export function clear() {
    for (const [name, control] of Object.entries(controls)) control.value = name === "order" ? "newest" : "";
}

export const focusText = () => controls.text.focus();
export const text = () => controls.text.value.trim();
export const order = () => controls.order.value;
export const any = () => Object.entries(controls).some(([name, control]) => name !== "order" && control.value.trim());

/** What the server filters by; the text is tested here, and looked for as an actor there. */
export function parameters() {
    const { severity, type, domain, status } = controls;
    return {
        severity: severity.value, type: type.value, domain: domain.value, status: status.value,
        order: order(), limit: 200,
    };
}

/** Whether an alert belongs into the list. */
export function matches(alert) {
    const { severity, type, domain, status } = controls;
    if (severity.value && alert.severity !== severity.value) return false;
    if (type.value && alert.alert_type !== type.value) return false;
    // Alerts of a pipeline without domains are all of the domain "all".
    if (domain.value && (alert.domain ?? "all") !== domain.value) return false;
    if (status.value && alert.status !== status.value) return false;
    const wanted = text().toLowerCase();
    return !wanted || [alert.actor_id, alert.alert_type, alert.domain, alert.alert_id, alert.detector, alert.assignee]
        .some((value) => value !== null && value !== undefined && String(value).toLowerCase().includes(wanted));
}

/** Adds what an alert has to the lists of choices. */
export function learn(alert) {
    choice("type", alert.alert_type, words);
    choice("domain", alert.domain, (name) => name);
}

function choice(name, value, title) {
    if (!value || known[name].has(value) || known[name].size >= MOST) return;
    known[name].add(value);
    const option = h("option", { value }, brief(title(value), 40));
    const before = Array.from(controls[name].options).slice(1).find((o) => o.textContent > option.textContent);
    controls[name].insertBefore(option, before ?? null);
}

/** Loads the choices that the data has. */
export async function load() {
    const summary = await api.summary("all");
    for (const type of Object.keys(summary.by_type ?? {})) choice("type", type, words);
    for (const domain of Object.keys(summary.by_domain ?? {})) choice("domain", domain, (name) => name);
}
