// The models: which one scores, how well it does class by class, and what it takes for what.

import { byId, code, fact, fill, h, nothing, number, table } from "./dom.js";
import { brief, count, dayClock, figure, percent, plain, plural, words } from "./format.js";
import { api } from "./api.js";

function meter(value) {
    if (value === null || value === undefined) return "–";
    const bar = h("span", { class: "meter", "aria-hidden": "true" }, h("span", {}));
    bar.firstChild.style.width = `${Math.max(0, Math.min(1, value)) * 100}%`;
    return h("span", { class: "metered" }, bar, h("span", { class: "metered-number" }, percent(value)));
}

function perClass(metrics) {
    const columns = ["Class", ...["Precision", "Recall", "F1", "Events"].map(number)];
    return table("How well each class is recognised", columns,
        metrics.per_class.map((row) => [h("bdi", { title: plain(row.class) }, brief(words(row.class), 40)),
            meter(row.precision), meter(row.recall), meter(row.f1), count(row.support)]));
}

// Shades between half and full leave neither dark nor light text readable.
const STRONG = 0.8;

/** Rows are what an event was, columns what the model took it for; shades are shares of the row. */
function confusion({ classes, counts }) {
    const names = classes.map((name) => brief(words(name), 40));
    const cell = (value, sum, same, i, j) => {
        const share = sum ? value / sum : 0;
        const node = h("td", {
            class: `heat ${same ? "same" : "other"} ${share > STRONG ? "strong" : ""}`,
            title: `${names[i]} taken for ${names[j]}: ${count(value)} of ${count(sum)} (${percent(share)})`,
        }, value === 0 ? h("span", { class: "quiet" }, "0") : count(value));
        node.style.setProperty("--share", `${value === 0 ? 0 : share > STRONG ? 90 + 10 * share : 8 + 50 * share}%`);
        return node;
    };
    return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Confusion matrix" },
        h("table", { class: "confusion" },
            h("caption", { class: "quiet-caption" }, "Rows: what an event was; columns: what the model took it for"),
            h("thead", {}, h("tr", {}, h("td", {}),
                names.map((name) => h("th", { scope: "col" }, h("span", {}, name))))),
            h("tbody", {}, counts.map((row, i) => {
                const sum = row.reduce((a, b) => a + b, 0);
                return h("tr", {}, h("th", { scope: "row" }, names[i]),
                    row.map((value, j) => cell(value, sum, i === j, i, j)));
            }))));
}

function time(value) {
    return typeof value === "number" ? `${dayClock(new Date(value).toISOString())} UTC` : null;
}

function facts(model) {
    const meta = model.metadata ?? {};
    const trained = [time(meta.trained_from_ms), time(meta.trained_to_ms)];
    const events = meta.training_events ? Object.values(meta.training_events).reduce((a, b) => a + b, 0) : null;
    const parameters = Object.entries(meta.parameters ?? {})
        .filter(([, value]) => value !== null && typeof value !== "object")
        .map(([name, value]) => `${words(name)} ${figure(value)}`).join(", ");
    const metrics = model.metrics;
    return [h("dl", { class: "facts figures" },
        metrics ? [fact("Accuracy", percent(metrics.accuracy)), fact("Macro F1", percent(metrics.macro_f1))] : null,
        fact("Trees", count(model.trees)), fact("Features", count(model.features?.length)),
        fact("Classes", count(model.classes?.length)),
        events === null ? null : fact("Training events", count(events))),
    h("dl", { class: "facts long" },
        fact("Version", code(brief(model.id, 80))),
        fact("Used by", model.detectors?.length ? brief(model.detectors.join(", "), 120) : "no detector"),
        trained[0] && trained[1] ? fact("Trained on events of", `${trained[0]} to ${trained[1]}`) : null,
        parameters ? fact("Settings", brief(parameters, 300)) : null,
        meta.validation?.split ? fact("Judged on", brief(meta.validation.split, 300)) : null)];
}

function importance(model) {
    const list = Object.entries(model.metadata?.gain_importance ?? {}).filter(([, value]) => typeof value === "number")
        .sort((a, b) => b[1] - a[1]).slice(0, 12);
    if (list.length === 0) return null;
    const most = list[0][1] || 1;
    return [h("h3", {}, "What it looks at most"),
        table("Share of the gain, the twelve largest", ["Feature", number("Share")], list.map(([name, value]) => {
            const cell = meter(value);
            cell.querySelector(".meter span").style.width = `${value / most * 100}%`;
            return [brief(words(name), 60), cell];
        }))];
}

function one(model) {
    const metrics = model.metrics;
    const title = h("h2", {}, h("bdi", {}, brief(model.name, 80)), " ",
        h("span", { class: model.active ? "badge on" : "badge" }, model.active ? "in use" : "not in use"));
    const head = h("section", { class: "panel" }, title, facts(model),
        metrics ? null : nothing("No data: this model carries no figures of how well it does"));
    if (!metrics) return head;
    return [head, h("div", { class: "columns" },
        h("section", { class: "panel" }, h("h3", {}, "Per class"),
            metrics.per_class?.length ? perClass(metrics) : nothing()),
        h("section", { class: "panel" }, importance(model) ?? [h("h3", {}, "What it looks at most"), nothing()])),
    h("section", { class: "panel" }, h("h3", {}, "Confusion matrix"),
        metrics.confusion?.counts?.length ? confusion(metrics.confusion) : nothing())];
}

/** Loads and shows all models, those in use first. */
export async function show() {
    const box = byId("models");
    if (!box.hasChildNodes()) fill(box, nothing("Loading"));
    const { models } = await api.models();
    const sorted = models.slice().sort((a, b) => Number(b.active) - Number(a.active));
    fill(box, sorted.length ? [h("p", { class: "quiet" }, plural(sorted.length, "model")), sorted.map(one)]
        : h("section", { class: "panel" }, nothing("No data: the pipeline uses no model")));
}
