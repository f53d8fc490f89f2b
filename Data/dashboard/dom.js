// Building nodes. Text goes in as text nodes only, so nothing from an event is ever read as markup.

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["value", "checked", "disabled", "selected", "hidden", "open"]);

function build(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
        if (name === "on") {
            for (const [event, handler] of Object.entries(value)) node.addEventListener(event, handler);
        } else if (PROPERTIES.has(name)) {
            node[name] = value;
        } else if (value !== null && value !== undefined && value !== false) {
            node.setAttribute(name, value === true ? "" : String(value));
        }
    }
    node.append(...flat(children));
    return node;
}

function flat(children) {
    return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false)
        .map((child) => (child instanceof Node ? child : String(child)));
}

/** An HTML element: `h("p", {class: "note", on: {click}}, "text", otherNode, null)`. */
export function h(tag, attributes = {}, ...children) {
    return build(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function s(tag, attributes = {}, ...children) {
    return build(document.createElementNS(SVG, tag), attributes, children);
}

/** Puts other children into a node. */
export function fill(node, ...children) {
    node.replaceChildren(...flat(children));
    return node;
}

const drawn = new WeakMap();

/** Draws anew only if `value`, what the content is made of, has changed: what is pointed at or was opened stays. */
export function refill(node, value, content) {
    const text = String(JSON.stringify(value));
    if (drawn.get(node) === text) return;
    drawn.set(node, text);
    fill(node, content());
}

/** Changes a node's text only if it differs, which spares layout and screen readers. */
export function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
}

export const byId = (id) => document.getElementById(id);

/** A table from column titles and rows of cells; a column may be {title, number: true}. */
export function table(caption, columns, rows, attributes = {}) {
    const titles = columns.map((column) => (typeof column === "string" ? { title: column } : column));
    const side = (i) => (titles[i].number ? "number" : null);
    return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
        h("table", attributes, h("caption", { class: "quiet-caption" }, caption),
            h("thead", {}, h("tr", {}, titles.map((c, i) => h("th", { scope: "col", class: side(i) }, c.title)))),
            h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, i) =>
                (i === 0 ? h("th", { scope: "row", class: side(i) }, cell) : h("td", { class: side(i) }, cell))))))));
}

/** A column of numbers. */
export const number = (title) => ({ title, number: true });

/** A title and its value, in a list of such; `note` says more in small. */
export function fact(title, value, note = null) {
    const small = note === null ? null : h("dd", { class: "note" }, note);
    return h("div", {}, h("dt", {}, title), h("dd", {}, value), small);
}

/** A text in the type of programs: ids, names, paths. */
export const code = (text) => h("span", { class: "code" }, text);

/** What is shown where there is nothing to show. */
export function nothing(text = "No data") {
    return h("p", { class: "nothing" }, text);
}
