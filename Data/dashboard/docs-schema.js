// JSON Schema in words, as tables, and as an example value.

import { code, h, nothing, table } from "./dom.js";
import { plain } from "./format.js";

const refName = (schema) => (schema?.$ref ? schema.$ref.split("/").at(-1) : null);

function limits(schema) {
    const words = [];
    const say = (key, text) => { if (schema[key] !== undefined) words.push(text(schema[key])); };
    say("enum", (values) => values.map((value) => JSON.stringify(value)).join(" or "));
    say("const", (value) => JSON.stringify(value));
    say("format", (value) => value);
    say("minimum", (value) => `≥ ${value}`);
    say("exclusiveMinimum", (value) => `> ${value}`);
    say("maximum", (value) => `≤ ${value}`);
    say("exclusiveMaximum", (value) => `< ${value}`);
    say("minLength", (value) => (value === 1 ? "not empty" : `at least ${value} characters`));
    say("maxLength", (value) => `at most ${value} characters`);
    say("minItems", (value) => `at least ${value}`);
    say("maxItems", (value) => `at most ${value}`);
    say("pattern", (value) => (value.startsWith("^[^\\x00-") ? "no control characters" : `pattern ${value}`));
    say("default", (value) => `default ${JSON.stringify(value)}`);
    return words.join(", ");
}

/** A type in a few words, with links to named schemas. */
export function schemaWords(schema, resolve, depth = 0) {
    if (schema === true || schema === undefined) return "anything";
    const name = refName(schema);
    if (name) return h("a", { href: `#schema-${name}` }, name);
    const choice = schema.oneOf ?? schema.anyOf;
    if (choice) return choice.map((one, i) => [i ? " or " : "", schemaWords(one, resolve, depth + 1)]);
    if (schema.allOf) return schema.allOf.map((one, i) => [i ? " and " : "", schemaWords(one, resolve, depth + 1)]);
    const type = [schema.type ?? []].flat();
    const more = limits(schema);
    if (type.includes("array") && depth < 4) {
        const none = type.includes("null") ? " or null" : "";
        return ["array of ", schemaWords(schema.items, resolve, depth + 1), none, more ? `, ${more}` : ""];
    }
    const values = schema.additionalProperties;
    if (type.includes("object") && values && typeof values === "object" && depth < 4) {
        return ["object of ", schemaWords(values, resolve, depth + 1)];
    }
    const known = type.length > 0 || schema.enum || schema.const !== undefined;
    return [known ? type.join(" or ") : "anything", more].filter(Boolean).join(", ");
}

function rows(schema, resolve, prefix, depth) {
    const required = new Set(schema.required ?? []);
    return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
        const path = prefix + name;
        const meaning = property.description ?? resolve(property).description;
        const row = [[code(plain(path)), required.has(name) ? h("b", {}, " required") : null],
            schemaWords(property, resolve), meaning ? plain(meaning) : ""];
        // An object without a name of its own is shown where it is used.
        const inner = property.properties ? property : property.items?.properties ? property.items : null;
        if (!inner || depth >= 4) return [row];
        return [row, ...rows(inner, resolve, `${path}${inner === property ? "." : "[]."}`, depth + 1)];
    });
}

/** The fields of an object as a table, or the type in words. */
export function schemaTable(schema, resolve, caption) {
    const name = refName(schema);
    if (name) return h("p", {}, schemaWords(schema, resolve));
    const parts = schema.allOf ? schema.allOf.map(resolve) : [schema];
    const all = parts.flatMap((part) => rows(part, resolve, "", 0));
    if (all.length === 0) {
        const words = schemaWords(schema, resolve);
        return words === "" ? nothing() : h("p", {}, words);
    }
    return table(caption, ["Field", "Type", "Meaning"], all);
}

/** A value that fits: the schema's own example if it has one. */
export function exampleOf(schema, resolve, depth = 0) {
    const known = resolve(schema ?? {});
    if (known.example !== undefined) return known.example;
    if (known.examples?.length) return known.examples[0];
    if (known.default !== undefined) return known.default;
    if (known.const !== undefined) return known.const;
    if (known.enum) return known.enum[0];
    const choice = known.oneOf ?? known.anyOf;
    if (choice) return exampleOf(choice[0], resolve, depth + 1);
    if (known.allOf) return Object.assign({}, ...known.allOf.map((one) => exampleOf(one, resolve, depth + 1)));
    const type = [known.type ?? "object"].flat()[0];
    if (type === "array") return depth > 4 ? [] : [exampleOf(known.items, resolve, depth + 1)];
    if (type === "object") {
        if (depth > 4) return {};
        const required = new Set(known.required ?? Object.keys(known.properties ?? {}));
        return Object.fromEntries(Object.entries(known.properties ?? {}).filter(([name]) => required.has(name))
            .map(([name, property]) => [name, exampleOf(property, resolve, depth + 1)]));
    }
    if (type === "integer" || type === "number") return known.minimum ?? 1;
    if (type === "boolean") return true;
    if (type === "null") return null;
    return known.format === "date-time" ? "2026-01-05T08:00:00.000Z" : "text";
}
