// Single keys for people who work through alerts. They rest while one writes, and can be switched off.

import { byId } from "./dom.js";

const KEPT = "patternalarm-keys";
let bindings = {};

const writing = (node) => node instanceof HTMLElement && (node.isContentEditable
    || ["SELECT", "TEXTAREA"].includes(node.tagName)
    || (node.tagName === "INPUT" && !["radio", "checkbox", "button"].includes(node.type)));

/** `handlers` maps a key to what it does; "Escape" and "?" work when single keys are off as well. */
export function start(handlers) {
    bindings = handlers;
    const box = byId("keys-on");
    try { box.checked = localStorage.getItem(KEPT) !== "off"; } catch { box.checked = true; }
    box.addEventListener("change", () => {
        try { localStorage.setItem(KEPT, box.checked ? "on" : "off"); } catch { /* a browser that keeps nothing */ }
    });
    byId("help-open").addEventListener("click", help);
    byId("help-close").addEventListener("click", () => byId("help").close());
    document.addEventListener("keydown", pressed);
}

export function help() {
    byId("help").showModal();
}

function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape" && writing(event.target)) {
        event.target.blur();
        return;
    }
    if (writing(event.target)) return;
    const always = event.key === "Escape" || event.key === "Enter";
    const handler = bindings[event.key];
    if (!handler || (!always && !byId("keys-on").checked)) return;
    if (handler(event) !== false) event.preventDefault();
}
