// The rows of the feed: one table row an alert, kept and changed in place so that 100 alerts a second stay cheap.

import { byId, fill, h } from "./dom.js";
import { amount, brief, clock, count, dayClock, plain, score, words } from "./format.js";
import { labelMark, mark } from "./marks.js";

const body = byId("feed-rows");
const rows = new Map();

// Once: a row would light up again whenever its view comes back.
body.addEventListener("animationend", (event) => event.target.classList.remove("fresh"));

export const linkTo = (id) => `#/alerts/${encodeURIComponent(id)}`;

function cells(alert) {
    const when = { datetime: alert.last_seen, title: `${dayClock(alert.last_seen)} UTC` };
    const state = alert.label ? labelMark(alert.label) : h("span", { class: "quiet" }, brief(alert.status, 16));
    return [
        h("td", { role: "cell", class: "time" }, h("time", when, clock(alert.last_seen))),
        h("td", { role: "cell", class: "severity" }, mark(alert.severity)),
        h("td", { role: "cell", class: "type" },
            h("a", { href: linkTo(alert.alert_id), tabindex: -1, title: plain(alert.alert_type) },
                h("bdi", {}, brief(words(alert.alert_type), 48)))),
        h("td", { role: "cell", class: "actor", title: plain(alert.actor_id) },
            h("bdi", {}, brief(alert.actor_id, 40))),
        h("td", { role: "cell", class: "domain", title: plain(alert.domain) },
            h("bdi", {}, brief(alert.domain, 20))),
        h("td", { role: "cell", class: "number events" }, count(alert.transaction_count)),
        h("td", { role: "cell", class: "number amount" }, amount(alert.total_amount)),
        h("td", { role: "cell", class: "number score" }, score(alert.score)),
        h("td", { role: "cell", class: "state" }, state),
    ];
}

function row(alert, fresh) {
    const kept = rows.get(alert.alert_id);
    if (kept) {
        if (kept.alert !== alert) update(kept, alert);
        return kept.node;
    }
    const node = h("tr", { role: "row", class: fresh ? "fresh" : null }, cells(alert));
    node.dataset.id = alert.alert_id;
    rows.set(alert.alert_id, { node, alert });
    return node;
}

function update(kept, alert) {
    const focused = kept.node.contains(document.activeElement);
    const reachable = kept.node.querySelector("a").tabIndex;
    kept.alert = alert;
    fill(kept.node, cells(alert));
    kept.node.querySelector("a").tabIndex = reachable;
    if (focused) kept.node.querySelector("a").focus({ preventScroll: true });
}

/** Shows these alerts in this order; new rows light up when `fresh` and when somebody can see it. */
export function show(alerts, fresh) {
    const lit = fresh && body.checkVisibility();
    const wanted = new Set(alerts.map((alert) => alert.alert_id));
    for (const [id, kept] of rows) {
        if (wanted.has(id)) continue;
        kept.node.remove();
        rows.delete(id);
    }
    let cursor = body.firstChild;
    for (const alert of alerts) {
        const node = row(alert, lit);
        if (node === cursor) cursor = cursor.nextSibling;
        else body.insertBefore(node, cursor);
    }
    // One row can always be reached by Tab; j and k go on from there.
    if (!body.querySelector("a[tabindex='0']")) setReachable(body.firstChild);
}

/** Shows what changed of one alert, where it stands. */
export function change(alert) {
    const kept = rows.get(alert.alert_id);
    if (kept) update(kept, alert);
}

function setReachable(node) {
    for (const link of body.querySelectorAll("a[tabindex='0']")) link.tabIndex = -1;
    const link = node?.querySelector("a");
    if (link) link.tabIndex = 0;
    return link;
}

/** Marks one row as the one that keys act on, or none. */
export function select(id, focus = true) {
    for (const node of body.querySelectorAll("tr.selected")) node.classList.remove("selected");
    const kept = rows.get(id);
    if (!kept) {
        // A row that keeps the focus would be chosen again as soon as it is drawn anew.
        if (body.contains(document.activeElement)) document.activeElement.blur();
        return;
    }
    kept.node.classList.add("selected");
    const link = setReachable(kept.node);
    if (focus) {
        link.focus({ preventScroll: true });
        kept.node.scrollIntoView({ block: "nearest" });
    }
}

/** The alert that a node belongs to. */
export const idOf = (node) => node.closest?.("tr[data-id]")?.dataset.id ?? null;
