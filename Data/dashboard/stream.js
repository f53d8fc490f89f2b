// The server's push: one EventSource, and whether what the page shows is still true.

const SILENCE = 5000; // the server speaks every second
const listeners = new Map();
let source = null;
let watch = null;
let retry = null;
let state = "closed";
let lastHeard = null;
let quietSince = null;

/** Calls `handler` with the data of every message of a kind: alert, triage, simulation, activation, status, reset;
    connection and refused are of this module itself. A connection's state is closed, connecting, live or lost. */
export function on(kind, handler) {
    if (!listeners.has(kind)) listeners.set(kind, []);
    listeners.get(kind).push(handler);
}

function emit(kind, data) {
    for (const handler of listeners.get(kind) ?? []) handler(data);
}

function become(next) {
    if (state === next) return;
    state = next;
    emit("connection", { state, lastHeard });
}

function heard() {
    lastHeard = new Date();
    quietSince = lastHeard;
    if (state === "live") return;
    become("live");
    // What happened since the lists were loaded nobody pushes any more, whether or not the server says "reset".
    emit("reset", {});
}

function open() {
    clearTimeout(retry);
    source?.close();
    source = new EventSource("/stream");
    source.addEventListener("open", heard);
    for (const kind of ["alert", "triage", "simulation", "activation", "status", "reset"]) {
        source.addEventListener(kind, (message) => {
            heard();
            emit(kind, message.data ? JSON.parse(message.data) : {});
        });
    }
    source.addEventListener("error", () => {
        become("lost");
        // The browser tries again by itself unless it was refused; then it is asked why and tried again.
        if (source.readyState !== EventSource.CLOSED) return;
        emit("refused", {});
        retry = setTimeout(open, 3000);
    });
}

/** Begins to listen; a second call begins anew. */
export function connect() {
    lastHeard = null;
    quietSince = new Date();
    become("connecting");
    open();
    clearInterval(watch);
    watch = setInterval(() => {
        if (Date.now() - quietSince.getTime() > SILENCE) become("lost");
    }, 1000);
}

/** Stops listening: there is no session. */
export function disconnect() {
    clearTimeout(retry);
    clearInterval(watch);
    source?.close();
    source = null;
    become("closed");
}
