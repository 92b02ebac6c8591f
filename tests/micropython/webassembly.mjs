// Runs one Python file on MicroPython's 32-bit WebAssembly build, where small integers have 31 bits as on a board.
// node webassembly.mjs BUILD REPOSITORY FILE [ARGUMENT...]: BUILD is the folder with micropython.mjs; the .py and .json
// files below REPOSITORY's protocol/, device/ and tests/vectors/ appear at the same paths below /, and FILE is one of
// them. It must define main(*arguments), whose result is the exit status; and may define go_on(), which is called after
// that for as long as it returns True.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [build, repository, file, ...rest] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(path.join(build, "micropython.mjs")));
const python = await loadMicroPython({ heapsize: 4 << 20, linebuffer: true, stdout: (line) => console.log(line) });

function copy(relative) {
    python.FS.mkdirTree("/" + relative);
    for (const entry of fs.readdirSync(path.join(repository, relative), { withFileTypes: true })) {
        const below = relative + "/" + entry.name;
        if (entry.isDirectory()) copy(below);
        else if (/\.(py|json)$/.test(entry.name)) python.FS.writeFile("/" + below, fs.readFileSync(path.join(repository, below)));
    }
}

["protocol", "device", "tests/vectors"].forEach(copy);
const name = path.basename(file, ".py");
python.runPython(`
import sys
sys.path[:0] = ["/protocol", "/device", "/${path.dirname(file)}"]
print("sys.maxsize", sys.maxsize)
import ${name}
status = ${name}.main(*${JSON.stringify(rest)})
`);
// Garbage is collected only between two runs, when no Python is on the stack: a script that measures goes on after it.
do python.runPython(`again = hasattr(${name}, "go_on") and ${name}.go_on()`);
while (python.globals.get("again"));
process.exit(python.globals.get("status"));
