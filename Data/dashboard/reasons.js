// Why a model raised an alert: one bar a feature, to the right if it raises the risk, to the left if it lowers it.

import { h, nothing, s } from "./dom.js";
import { brief, figure, plain } from "./format.js";

const signed = (value) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(value).toFixed(2)}`;

function sentence(reason) {
    const { value, typical, contribution } = reason;
    const way = contribution > 0 ? "raises the risk" : contribution < 0 ? "lowers the risk" : "does not matter";
    if (typical === null || typical === undefined) return `${figure(value)}; ${way}`;
    if (value === null || value === undefined) return `no value, where ${figure(typical)} is typical; ${way}`;
    const than = value === typical ? "as is typical" : value > typical ? `above the typical ${figure(typical)}`
        : `below the typical ${figure(typical)}`;
    return `${figure(value)}, ${than}; ${way}`;
}

function bar(contribution, most) {
    const size = most > 0 ? Math.abs(contribution) / most * 50 : 0;
    const up = contribution > 0;
    const box = { x: `${up ? 50 : 50 - size}%`, y: 1, width: `${size}%`, height: 12, rx: 1 };
    return s("svg", { class: "reason-bar", height: 14, "aria-hidden": "true" },
        s("rect", { class: "track", x: 0, y: 6, width: "100%", height: 2 }),
        s("rect", { class: up ? "raises" : "lowers", ...box }),
        s("rect", { class: "zero", x: "50%", y: 0, width: 1, height: 14 }));
}

/** The section's content. */
export function reasonBars(reasons, rule) {
    if (!reasons?.length) {
        if (!rule) return nothing("No reasons are kept with this alert");
        return h("p", {}, "A rule raised this alert: ", h("b", {}, h("bdi", {}, brief(rule.title || rule.id, 200))));
    }
    const most = Math.max(...reasons.map((reason) => Math.abs(reason.contribution)));
    return [
        h("ol", { class: "reasons" }, reasons.map((reason) => h("li", {},
            h("div", { class: "reason-words" },
                h("b", { title: plain(reason.feature) }, h("bdi", {}, brief(reason.title || reason.feature, 120))),
                h("span", {}, sentence(reason))),
            bar(reason.contribution, most),
            h("span", { class: "reason-number" }, signed(reason.contribution))))),
        h("p", { class: "quiet small" },
            "Bars show what each feature adds to the model's raw score; typical is the median of regular events."),
    ];
}
