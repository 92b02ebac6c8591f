// What signing and verifying take on MicroPython's 32-bit WebAssembly build, as one line of JSON.
// node signing_heap.mjs BUILD REPOSITORY ROUNDS: BUILD is the folder with micropython.mjs; in 0 ROUNDS nothing is timed.
// That build collects garbage only between two calls from outside, so each slice of a signature is a call of its own.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [build, repository, rounds] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(path.join(build, "micropython.mjs")));
const python = await loadMicroPython({ heapsize: 1 << 20, linebuffer: true, stdout: (line) => console.log(line) });

const crypto = "device/evidock_agent/crypto";
const modules = fs.readdirSync(path.join(repository, crypto)).filter((name) => name.endsWith(".py"));
python.FS.mkdirTree("/" + crypto);
python.FS.writeFile("/device/evidock_agent/__init__.py", "");
for (const name of [...modules.map((name) => crypto + "/" + name), "tests/vectors/ed25519_reference.py"]) {
    const place = name.startsWith("device") ? name : "device/" + path.basename(name);
    python.FS.writeFile("/" + place, fs.readFileSync(path.join(repository, name)));
}

python.runPython(`
import gc, json, sys, time
sys.path.insert(0, "/device")
from evidock_agent.crypto import ed25519

seed = bytes(range(32))
public = ed25519.public_key(seed)
message = bytes(300)
signature = ed25519.sign(seed, public, message, seed)
steps = None
found = {"maxsize": sys.maxsize, "slices": 0}
left = []  # bytes in use after the collection that followed each slice

def look():
    left.append(gc.mem_alloc())
    gc.collect()

def step():
    look()
    found["slices"] += 1
    return next(steps) is not None

def milliseconds(name, function):
    """Of ten calls together, because this build's clock counts whole milliseconds."""
    start = time.ticks_ms()
    for _ in range(10):
        function()
    taken = time.ticks_diff(time.ticks_ms(), start) / 10
    found[name] = min(taken, found.get(name, taken))
    gc.collect()
`);
python.runPython("left.extend([0] * 64); look()");
python.runPython("left.clear(); look()");
python.runPython("look()");
python.runPython("steps = ed25519.sign_steps(seed, public, message, seed); left[:] = left[-1:]");
for (let done = false; !done; done = python.globals.get("done")) python.runPython("done = step()");
python.runPython(`
look()
found["heap_held"] = max(left) - left[0]
import ed25519_reference as naive
from evidock_agent.crypto import comb_build
from evidock_agent.crypto.comb import Comb
from evidock_agent.crypto.sha512 import sha512

def make_table():
    global comb
    table = yield from comb_build.key_table_steps(public, 5, 2)
    comb = Comb(table, 5, 2)

list(make_table())
gc.collect()
`);
for (let times = 0; times < Number(rounds); times++) {
    python.runPython('milliseconds("sign", lambda: ed25519.sign(seed, public, message, seed))');
    python.runPython('milliseconds("naive_sign", lambda: naive.sign(seed, public, message, sha512, seed))');
    python.runPython('milliseconds("verify", lambda: ed25519.verify(public, message, signature))');
    python.runPython('milliseconds("naive_verify", lambda: naive.verify(public, message, signature, sha512))');
    python.runPython('milliseconds("pinned_verify", lambda: ed25519.verify(public, message, signature, comb))');
}
python.runPython("print(json.dumps(found))");
