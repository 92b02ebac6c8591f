// Replays the corpus on MicroPython's 32-bit WebAssembly build: node webassembly.mjs BUILD REPOSITORY. BUILD is the folder
// with micropython.mjs; protocol/, device/ and tests/fuzz/ of REPOSITORY appear at the same paths below /.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [build, repository] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(path.join(build, "micropython.mjs")));
const python = await loadMicroPython({ heapsize: 4 << 20, linebuffer: true, stdout: (line) => console.log(line) });

function copy(relative) {
    python.FS.mkdirTree("/" + relative);
    for (const entry of fs.readdirSync(path.join(repository, relative), { withFileTypes: true })) {
        const below = relative + "/" + entry.name;
        if (entry.isDirectory()) copy(below);
        else python.FS.writeFile("/" + below, fs.readFileSync(path.join(repository, below)));
    }
}

["protocol/evidock_protocol", "device/evidock_agent", "tests/fuzz"].forEach(copy);
python.runPython(`
import sys
sys.path[:0] = ["/protocol", "/device", "/tests"]
print("sys.maxsize", sys.maxsize)
from fuzz import replay
status = replay.main("/tests/fuzz/corpus")
`);
process.exit(python.globals.get("status"));
