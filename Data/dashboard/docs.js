// The API's description as a page: routes by tag with parameters, bodies, answers and a command to try.

import { byId, code, fill, h, nothing, table } from "./dom.js";
import { plain } from "./format.js";
import { exampleOf, schemaTable, schemaWords } from "./docs-schema.js";

const METHODS = ["get", "post", "put", "patch", "delete"];
const anchor = (operation) => `${operation.method}-${operation.path.replace(/[^a-z0-9]+/gi, "-")}`.replace(/-+$/, "");

/** Paragraphs of a description: blank lines part them, `code` is set as code. */
function prose(text) {
    if (!text) return null;
    return text.split(/\n\s*\n/).map((paragraph) => h("p", {}, paragraph.split(/(`[^`]+`)/).map((piece) =>
        (piece.startsWith("`") && piece.length > 2 ? h("code", {}, piece.slice(1, -1)) : piece))));
}

const resolver = (spec) => (node) => {
    let found = node;
    for (let depth = 0; found?.$ref?.startsWith("#/") && depth < 8; depth += 1) {
        found = found.$ref.slice(2).split("/").map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
            .reduce((value, step) => value?.[step], spec);
    }
    return found ?? {};
};

/** What a request has to bring, in words. */
function access(security, spec) {
    const schemes = spec.components?.securitySchemes ?? {};
    const names = security.flatMap(Object.keys).map((name) => (schemes[name]?.type === "http" ? "token" : "session"));
    return { open: names.length === 0, access: names.length ? [...new Set(names)].join(" or ") : "open" };
}

function operations(spec) {
    const list = [];
    for (const [path, item] of Object.entries(spec.paths ?? {})) {
        for (const method of METHODS) {
            if (!item[method]) continue;
            const own = item[method];
            list.push({ path, method, ...own, parameters: [...(item.parameters ?? []), ...(own.parameters ?? [])],
                tag: own.tags?.[0] ?? "Other", ...access(own.security ?? spec.security ?? [], spec) });
        }
    }
    return list;
}

const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** A command that does it, for the shell; an open route needs no token. */
function curl(operation, resolve) {
    const lines = ["curl"];
    if (operation.method !== "get") lines.push(`-X ${operation.method.toUpperCase()}`);
    if (!operation.open) lines.push("-H \"Authorization: Bearer $(cat DIR/token)\"");
    const [type, content] = preferred(resolve(operation.requestBody));
    if (type) {
        lines.push(`-H ${shell(`Content-Type: ${type}`)}`);
        lines.push(type.includes("ndjson") ? "--data-binary @events.jsonl"
            : `-d ${shell(JSON.stringify(content.example ?? exampleOf(content.schema, resolve)))}`);
    } else if (operation.method !== "get") {
        lines.push("-H 'Content-Type: application/json'");
    }
    const required = operation.parameters.map(resolve).filter((p) => p.in === "query" && p.required)
        .map((p) => `${p.name}=${encodeURIComponent(String(p.example ?? exampleOf(p.schema, resolve)))}`);
    const path = operation.path.replace(/\{(\w+)\}/g, (_, name) => name.toUpperCase());
    lines.push(shell(`${location.origin}${path}${required.length ? `?${required.join("&")}` : ""}`));
    return lines.join(lines.length > 3 ? " \\\n    " : " ");
}

function preferred(body) {
    const all = Object.entries(body?.content ?? {});
    return all.find(([type]) => type === "application/json") ?? all[0] ?? [null, null];
}

function parameters(operation, resolve) {
    const list = operation.parameters.map(resolve);
    if (list.length === 0) return null;
    return [h("h4", {}, "Parameters"), table(`Parameters of ${operation.method.toUpperCase()} ${operation.path}`,
        ["Name", "In", "Type", "Meaning"], list.map((p) => [
            [code(plain(p.name)), p.required ? h("b", {}, " required") : null], plain(p.in),
            schemaWords(p.schema ?? {}, resolve), prose(p.description) ?? ""]))];
}

function body(operation, resolve) {
    const request = resolve(operation.requestBody);
    const contents = Object.entries(request.content ?? {});
    if (contents.length === 0) return null;
    return [h("h4", {}, "Body", request.required ? "" : ", optional"), prose(request.description),
        contents.map(([type, content]) =>
            [h("p", { class: "code" }, type), schemaTable(content.schema ?? {}, resolve, `Body as ${type}`)])];
}

function answers(operation, resolve) {
    const all = Object.entries(operation.responses ?? {});
    if (all.length === 0) return [h("h4", {}, "Answers"), nothing()];
    const row = ([status, node]) => {
        const answer = resolve(node);
        const contents = Object.entries(answer.content ?? {});
        return [code(status), prose(answer.description) ?? "", contents.map(([type, content]) =>
            h("div", {}, code(type), content.schema ? [" ", schemaWords(content.schema, resolve)] : null))];
    };
    const fine = all.filter(([status]) => status < "4"), failures = all.filter(([status]) => status >= "4");
    const columns = ["Status", "Meaning", "Body"], route = `${operation.method.toUpperCase()} ${operation.path}`;
    return [h("h4", {}, "Answers"), table(`Answers of ${route}`, columns, fine.map(row)),
        failures.length ? h("details", {},
            h("summary", {}, `Failures: ${failures.map(([status]) => status).join(", ")}`),
            table(`Failures of ${route}`, columns, failures.map(row))) : null];
}

function route(operation, resolve) {
    return h("section", { class: "panel route", id: anchor(operation) },
        h("h3", {}, h("span", { class: `method method-${operation.method}` }, operation.method.toUpperCase()), " ",
            code(operation.path)),
        h("p", {}, operation.summary ? h("b", {}, operation.summary) : null, " ",
            h("span", { class: "badge" }, operation.access),
            operation.deprecated ? h("span", { class: "badge" }, "deprecated") : null),
        prose(operation.description),
        parameters(operation, resolve), body(operation, resolve), answers(operation, resolve),
        h("h4", {}, "Example"), h("pre", { class: "command", tabindex: 0 }, curl(operation, resolve)));
}

function page(spec) {
    const resolve = resolver(spec);
    const all = operations(spec);
    const described = (spec.tags ?? []).map((tag) => tag.name);
    const tags = [...described, ...new Set(all.map((o) => o.tag).filter((tag) => !described.includes(tag)))]
        .filter((tag) => all.some((o) => o.tag === tag));
    const link = (o) => h("li", {}, h("a", { href: `#${anchor(o)}` },
        h("span", { class: "method" }, o.method.toUpperCase()), " ", o.path));
    fill(byId("docs-index"), tags.map((tag) =>
        [h("p", { class: "index-tag" }, plain(tag)), h("ul", {}, all.filter((o) => o.tag === tag).map(link))]),
    h("p", { class: "index-tag" }, "Schemas"), h("ul", {}, h("li", {}, h("a", { href: "#schemas" }, "All schemas"))));
    const schemas = Object.entries(spec.components?.schemas ?? {});
    fill(byId("docs"),
        h("h1", {}, plain(spec.info?.title ?? "API"), " ",
            h("span", { class: "quiet" }, plain(spec.info?.version ?? ""))),
        prose(spec.info?.description),
        h("p", {}, "The same for programs: ", h("a", { href: "/openapi.json" }, "openapi.json"), "."),
        tags.map((tag) => [h("h2", {}, plain(tag)), prose((spec.tags ?? []).find((t) => t.name === tag)?.description),
            all.filter((o) => o.tag === tag).map((o) => route(o, resolve))]),
        h("h2", { id: "schemas" }, "Schemas"),
        schemas.length ? schemas.map(([name, schema]) => h("section", { class: "panel route", id: `schema-${name}` },
            h("h3", { class: "code" }, name), prose(schema.description),
            schemaTable(schema, resolve, name))) : nothing());
    // The address may name a route that was not here when the page was opened.
    if (location.hash.length > 1) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

async function start() {
    try {
        const answer = await fetch("/openapi.json");
        if (!answer.ok) throw new Error(`Status ${answer.status}`);
        page(await answer.json());
    } catch (problem) {
        fill(byId("docs"), h("h1", {}, "API"),
            h("p", { class: "error", role: "alert" }, `/openapi.json could not be read: ${problem.message}`));
    }
}

start();
