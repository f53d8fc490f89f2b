// Small signs that say a state by word and by shape, so that colour is never the only way to read it.

import { h, s } from "./dom.js";
import { plain } from "./format.js";

export const SEVERITIES = ["critical", "high", "medium", "low"];

const SHAPES = {
    critical: "M6 0 12 6 6 12 0 6Z",
    high: "M6 .5 12 11.5H0Z",
    medium: "M1 1h10v10H1Z",
    low: "M6 1a5 5 0 1 1 0 10A5 5 0 0 1 6 1Z",
    ok: "M1.2 6.4 3 4.8l2 2 4.4-5L11.2 3.4 5.2 10.4Z",
    degraded: "M6 .5 12 11.5H0ZM5.3 4v4h1.4V4ZM5.3 9v1.4h1.4V9Z",
    failed: "M2.4 1 6 4.6 9.6 1 11 2.4 7.4 6 11 9.6 9.6 11 6 7.4 2.4 11 1 9.6 4.6 6 1 2.4Z",
    SPIKE: "M3 6 6 1 9 6ZM3 11 6 6.5 9 11Z",
    TRENDING_UP: "M2 9.5 6 2.5 10 9.5Z",
    STABLE: "M1 5h10v2H1Z",
    BASELINE: "M6 2a4 4 0 1 1 0 8A4 4 0 0 1 6 2Zm0 1.6a2.4 2.4 0 1 0 0 4.8 2.4 2.4 0 0 0 0-4.8Z",
    fraud: "M1 1h2v10H1ZM4 1h7L9 4l2 3H4Z",
    regular: "M1.2 6.4 3 4.8l2 2 4.4-5L11.2 3.4 5.2 10.4Z",
};

/** A shape alone, for people who see; the word stands beside it. */
function shape(name) {
    const known = Object.hasOwn(SHAPES, name) ? name : "BASELINE";
    const size = { viewBox: "0 0 12 12", width: 10, height: 10 };
    return s("svg", { class: `shape shape-${known}`, ...size, "aria-hidden": "true" },
        s("path", { d: SHAPES[known], "fill-rule": "evenodd" }));
}

/** Shape and word. */
export function mark(name, word = plain(name)) {
    const known = Object.hasOwn(SHAPES, name) ? name : "other";
    return h("span", { class: `mark mark-${known}` }, shape(name), h("span", { class: "word" }, word));
}

const TRENDS = { SPIKE: "spike", TRENDING_UP: "rising", STABLE: "stable", BASELINE: "baseline" };

export function trendBadge(status) {
    const badge = mark(status, TRENDS[status] ?? plain(status));
    badge.classList.add("badge");
    return badge;
}

/** How an alert was judged, if it was. */
export function labelMark(label) {
    return label ? mark(label, plain(label)) : null;
}
