// The page: session, views by the address's fragment, connection, keys. Everything else has a module of its own.

import { byId, fill, h, setText } from "./dom.js";
import { clock, plain } from "./format.js";
import { api, onUnauthorized } from "./api.js";
import * as activations from "./activations.js";
import * as alertPage from "./alert.js";
import * as feed from "./feed.js";
import * as filters from "./filters.js";
import * as keys from "./keys.js";
import * as model from "./model.js";
import * as runs from "./runs.js";
import * as status from "./status.js";
import * as stream from "./stream.js";
import * as triage from "./triage.js";
import * as velocity from "./velocity.js";

const TITLES = {
    overview: "Overview", tests: "Tests", model: "Model", activations: "Activations", session: "Open a session",
    alert: "Alert",
};
const CONNECTION = { closed: "", connecting: "Connecting", live: "Connected", lost: "Not connected" };
let view = null;
let entered = false;

/** Shows a failure where one sees and hears it; a wanted session has a view of its own. */
function report(problem) {
    if (problem.status === 401) return;
    const box = byId("problem");
    setText(byId("problem-text"), plain(problem.message));
    box.hidden = false;
}

function part(text) {
    try { return decodeURIComponent(text); } catch { return text; }
}

function show(name) {
    const before = view;
    view = name;
    for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== `view-${name}`;
    for (const link of document.querySelectorAll("nav a[data-view]")) {
        const here = link.dataset.view === name || (name === "alert" && link.dataset.view === "overview");
        if (here) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
    }
    document.title = `${TITLES[name]} · PatternAlarm`;
    if (before === null || before === name) return;
    if (name === "overview" && feed.current()) feed.choose(feed.current());
    else byId(`view-${name}`).querySelector("h1")?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
}

function route() {
    if (location.hash.startsWith("#code=")) { takeCode(); return; }
    if (!entered) return;
    const [, name = "", id = ""] = location.hash.split("/");
    if (name !== "alerts") alertPage.leave();
    if (name === "alerts" && id) {
        show("alert");
        if (alertPage.current() !== part(id)) alertPage.show(part(id));
    } else if (name === "tests") {
        show("tests");
        runs.show(id ? part(id) : null);
    } else if (name === "model") {
        show("model");
        model.show().catch(report);
    } else if (name === "activations") {
        show("activations");
        activations.show().catch(report);
    } else {
        show("overview");
    }
}

/** A code in the address leaves it before anything else happens: neither history nor a screenshot shall keep it. */
function takeCode() {
    const code = part(location.hash.slice("#code=".length));
    history.replaceState(null, "", "/");
    enterWith(code);
}

async function enterWith(code) {
    try {
        await api.openSession(code);
        await enter();
    } catch (problem) {
        needSession();
        setText(byId("session-problem"), problem.status === 401 ? "The code is wrong, was used already, or is too old. "
            + "Make a new one." : plain(problem.message));
    }
}

function needSession() {
    entered = false;
    stream.disconnect();
    show("session");
    byId("connection").hidden = true;
    byId("leave").hidden = true;
    byId("session-code").focus();
}

async function leave() {
    stream.disconnect();
    try {
        await api.closeSession();
        needSession();
    } catch (problem) {
        stream.connect();
        report(problem);
    }
}

async function enter() {
    // The first answer decides: without a session nothing else is asked.
    try {
        await feed.load();
    } catch (problem) {
        if (problem.status === 401) throw problem;
        report(problem);
    }
    entered = true;
    setText(byId("session-problem"), "");
    byId("connection").hidden = false;
    byId("leave").hidden = false;
    stream.connect();
    route();
    await Promise.all([velocity.load(), filters.load(), runs.load()]);
}

function connection({ state, lastHeard }) {
    const lost = state === "lost";
    setText(byId("connection"), CONNECTION[state]);
    byId("connection").classList.toggle("lost", state !== "live");
    byId("stale").hidden = !lost;
    document.body.classList.toggle("stale", lost);
    setText(byId("stale"), lastHeard
        ? `Connection lost. Everything here is as of ${clock(lastHeard.toISOString())} UTC and may be out of date. `
            + "Trying again."
        : "Not connected to the server. Trying again.");
}

/** Something else is in force: what is shown of it is loaded anew. */
function refresh() {
    if (view === "model") model.show().catch(report);
    if (view === "activations") activations.show().catch(report);
}

function label(value) {
    if (view === "alert") return alertPage.label(value).catch(report);
    if (view !== "overview" || !feed.current()) return false;
    return triage.label(feed.current(), value).catch(report);
}

function step(by) {
    if (view === "overview") return feed.move(by);
    if (view !== "alert") return false;
    const next = feed.neighbour(alertPage.current(), by);
    if (!next) return false;
    feed.choose(next, false);
    location.hash = `#/alerts/${encodeURIComponent(next)}`;
    return true;
}

function close() {
    if (view === "alert") location.hash = "#/";
    else if (view === "overview") { feed.choose(null); document.activeElement?.blur?.(); }
}

function open(event) {
    // A focused link or button does what it does anyway.
    if (event.target.closest?.("a, button, summary") || view !== "overview" || !feed.current()) return false;
    location.hash = `#/alerts/${encodeURIComponent(feed.current())}`;
    return true;
}

function focusFilter() {
    if (view !== "overview") location.hash = "#/";
    show("overview");
    filters.focusText();
}

function start() {
    onUnauthorized(() => { if (entered || view === null) needSession(); });
    stream.on("connection", connection);
    stream.on("refused", () => api.alerts({ limit: 1 }).catch(() => {}));
    for (const kind of ["activation", "reset"]) stream.on(kind, refresh);
    for (const module of [feed, velocity, alertPage, runs, activations]) module.start(report);
    status.start();
    keys.start({
        j: () => step(1), k: () => step(-1), y: () => label("fraud"), n: () => label("regular"),
        Enter: open, Escape: close, g: () => feed.showNew()?.catch(report), "/": focusFilter, "?": keys.help,
    });
    byId("problem-close").addEventListener("click", () => { byId("problem").hidden = true; });
    byId("session-form").addEventListener("submit", (event) => {
        event.preventDefault();
        const code = byId("session-code").value.trim().replace(/^.*#code=/, "");
        byId("session-code").value = "";
        enterWith(code);
    });
    byId("leave").addEventListener("click", leave);
    window.addEventListener("hashchange", route);
    status.load().catch(() => fill(byId("parts"), h("tr", {}, h("td", {}, "No answer from /health"))));
    if (location.hash.startsWith("#code=")) takeCode();
    else enter().catch((problem) => { if (problem.status === 401) needSession(); else report(problem); });
}

start();
