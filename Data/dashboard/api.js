// Requests to the server that sent this page. Every failure becomes a Problem with a text a person can read.

/** What went wrong: status 0 is no answer at all. */
export class Problem extends Error {
    constructor(status, title, detail, errors = []) {
        super([title, detail, ...errors.map((e) => `${e.pointer ?? e.parameter ?? ""} ${e.detail ?? ""}`.trim())]
            .filter(Boolean).join(": "));
        this.status = status;
    }
}

let unauthorized = () => {};

/** Aborted when the session ends: what is under way without one is not answered, and what comes later is not asked. */
let session = new AbortController();

/** Says what to do when the server wants a session. */
export function onUnauthorized(handler) {
    unauthorized = handler;
}

async function problem(answer) {
    try {
        const body = await answer.json();
        return new Problem(answer.status, body.title ?? `Status ${answer.status}`, body.detail, body.errors ?? []);
    } catch {
        return new Problem(answer.status, `Status ${answer.status}`, answer.statusText);
    }
}

async function exchange(method, path, body, signal) {
    const options = {
        method, signal, credentials: "same-origin", redirect: "error", headers: { Accept: "application/json" },
    };
    // The server takes nothing that changes something without this type: a foreign form cannot set it.
    if (method !== "GET") options.headers["Content-Type"] = "application/json";
    if (body !== undefined) options.body = JSON.stringify(body);
    let answer;
    try {
        answer = await fetch(path, options);
    } catch {
        throw new Problem(0, "The server does not answer");
    }
    if (!answer.ok) throw await problem(answer);
    return answer.status === 204 ? null : answer.json();
}

/** Asks within the session. */
async function send(method, path, body) {
    const mine = session;
    try {
        return await exchange(method, path, body, mine.signal);
    } catch (failure) {
        if (mine.signal.aborted) throw new Problem(401, "The session has ended");
        if (failure.status === 401) {
            mine.abort();
            unauthorized(failure);
        }
        throw failure;
    }
}

async function openSession(code) {
    await exchange("POST", "/session", { code });
    session = new AbortController();
}

async function closeSession() {
    session.abort();
    try {
        await exchange("DELETE", "/session");
    } catch (failure) {
        if (failure.status === 401) return;
        // It goes on.
        session = new AbortController();
        throw failure;
    }
}

function query(parameters) {
    const absent = [null, undefined, ""];
    const pairs = Object.entries(parameters).filter(([, value]) => !absent.includes(value));
    const text = new URLSearchParams(pairs).toString();
    return text ? `?${text}` : "";
}

const alertPath = (id) => `/alerts/${encodeURIComponent(id)}`;

export const api = {
    openSession,
    closeSession,
    alerts: (filters) => send("GET", `/alerts${query(filters)}`),
    alert: (id, parameters = {}) => send("GET", alertPath(id) + query(parameters)),
    change: (id, changes) => send("PATCH", alertPath(id), changes),
    label: (id, label, author) => send("POST", `${alertPath(id)}/label`, { label, author }),
    velocity: (parameters) => send("GET", `/analytics/velocity${query(parameters)}`),
    summary: (period) => send("GET", `/analytics/summary${query({ period })}`),
    models: () => send("GET", "/models"),
    activations: (parameters) => send("GET", `/activations${query(parameters)}`),
    activate: (request) => send("POST", "/activations", request),
    simulations: () => send("GET", "/simulations"),
    startSimulation: (settings) => send("POST", "/simulations", settings),
    stopSimulation: (id) => send("DELETE", `/simulations/${encodeURIComponent(id)}`),
};

/** A kind of question that is asked again and again: each call gives a test of whether none was asked after it. Answers
    overtake each other, and only the last one asked for counts. */
export function asking() {
    let asked = 0;
    return () => {
        asked += 1;
        const mine = asked;
        return () => mine === asked;
    };
}
