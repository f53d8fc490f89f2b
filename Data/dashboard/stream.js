// The server's push: one EventSource, and whether what the page shows is still true.

const SILENCE = 5000; // the server speaks every second
const listeners = new Map();
let source = null;
let watch = null;
let retry = null;
let lastHeard = null;
let live = false;
let connectedBefore = false;

/** Calls `handler` with the data of every message of a kind: alert, triage, simulation, status, reset; connection and
    refused are of this module itself. */
export function on(kind, handler) {
    if (!listeners.has(kind)) listeners.set(kind, []);
    listeners.get(kind).push(handler);
}

function emit(kind, data) {
    for (const handler of listeners.get(kind) ?? []) handler(data);
}

function heard(kind) {
    lastHeard = new Date();
    if (live) return;
    live = true;
    emit("connection", { live, lastHeard });
    // What was missed meanwhile has to be loaded again, whether or not the server says "reset".
    if (connectedBefore && kind !== "reset") emit("reset", {});
    connectedBefore = true;
}

function lost() {
    if (live || !connectedBefore) emit("connection", { live: false, lastHeard });
    live = false;
}

function open() {
    clearTimeout(retry);
    source?.close();
    source = new EventSource("/stream");
    for (const kind of ["alert", "triage", "simulation", "status", "reset"]) {
        source.addEventListener(kind, (message) => {
            heard(kind);
            emit(kind, message.data ? JSON.parse(message.data) : {});
        });
    }
    source.addEventListener("error", () => {
        lost();
        // The browser tries again by itself unless it was refused; then it is asked why and tried again.
        if (source.readyState !== EventSource.CLOSED) return;
        emit("refused", {});
        retry = setTimeout(open, 3000);
    });
}

/** Begins to listen; a second call begins anew. */
export function connect() {
    open();
    clearInterval(watch);
    watch = setInterval(() => {
        if (lastHeard && Date.now() - lastHeard.getTime() > SILENCE) lost();
    }, 1000);
}

/** Stops listening: there is no session. */
export function disconnect() {
    clearTimeout(retry);
    clearInterval(watch);
    source?.close();
    source = null;
    live = false;
}
