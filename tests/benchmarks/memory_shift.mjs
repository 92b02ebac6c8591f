// Runs memory_shift.py on MicroPython's 32-bit WebAssembly build.
// node memory_shift.mjs BUILD MODULES SCRIPT IMAGE CARD TESTS [FILE...]: MODULES is the folder with the compiled agent;
// it, IMAGE, IMAGE.world and each FILE appear at the same paths inside. Garbage is collected between two calls.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [build, modules, script, image, card, tests, ...files] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(path.join(build, "micropython.mjs")));
const python = await loadMicroPython({ heapsize: 1 << 20, linebuffer: true, stdout: (line) => console.log(line) });

function copy(place) {
    python.FS.mkdirTree(path.dirname(place));
    if (!fs.statSync(place).isDirectory()) return python.FS.writeFile(place, fs.readFileSync(place));
    python.FS.mkdirTree(place);
    for (const name of fs.readdirSync(place)) copy(path.join(place, name));
}

for (const place of [modules, script, image, image + ".world", path.join(tests, "simulator", "simulated_host.py"), ...files]) copy(place);
python.FS.mkdirTree(card);
python.runPython(`
import sys
sys.path[:0] = ${JSON.stringify([path.dirname(script), modules])}
import memory_shift
memory_shift.begin(*${JSON.stringify([image, card, tests])})
`);
const advance = python.globals.get("memory_shift").advance;
while (advance());
