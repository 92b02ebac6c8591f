// Runs one staged test file on MicroPython's 32-bit WebAssembly build, where small integers have 31 bits as on a board.
// node run.mjs BUILD REPOSITORY STAGE MODULE EXAMPLES [WITHOUT [ONLY]]: BUILD is the folder with micropython.mjs. The product's
// sources and the vectors appear below /repository, the lowered tests below /stage. This build collects garbage only
// between two calls from JavaScript, so every example is a call of its own.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [build, repository, stage, module, examples, ...names] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(path.join(build, "micropython.mjs")));
const python = await loadMicroPython({ heapsize: 16 << 20, pystack: 64 << 10, linebuffer: true, stdout: (line) => console.log(line) });

function copy(from, to) {
    python.FS.mkdirTree(to);
    for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
        const [source, target] = [path.join(from, entry.name), to + "/" + entry.name];
        if (entry.isDirectory()) copy(source, target);
        else if (/\.(py|json)$/.test(entry.name)) python.FS.writeFile(target, fs.readFileSync(source));
    }
}

for (const root of ["protocol", "device", "simulator", "tests/vectors"]) copy(path.join(repository, root), "/repository/" + root);
copy(stage, "/stage");
python.runPython(`
import sys
sys.path.insert(0, "/stage")
import run
run.begin("/repository", "/stage", ...${JSON.stringify([module, Number(examples), ...names])})
`.replace("...[", "*["));
const advance = python.globals.get("run").advance;
while (advance());
process.exit(python.globals.get("run").end());
