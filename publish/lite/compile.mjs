// Compiles the archive of packages with the very Python that will run them, and writes a lock file that names nothing else.
// node compile.mjs PYODIDE ARCHIVES KERNEL_WHEELS TARGET COMPILED; what was compiled before is taken from COMPILED.
import {createHash} from "node:crypto";
import {copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from "node:fs";
import {join} from "node:path";
import {pathToFileURL} from "node:url";

const [pyodideFolder, archives, kernelWheels, target, cache] = process.argv.slice(2);
const PARTS = ["pyodide.mjs", "pyodide.js", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip"];
// Without docstrings: nobody reads those of the packages below. The kit keeps its own, for help() and `?`.
const LEAN = ["botocore/", "boto3/", "moto/", "s3transfer/", "werkzeug/", "urllib3/", "requests/", "responses/", "antlr4/",
  "babel/", "pygments/", "charset_normalizer/", "idna/", "filelock/", "wcwidth/", "hcl2/", "lark/", "jsonata/"];
// Their sources, too, so that an error's lines can be shown.
const WITH_SOURCE = ["xsfn_helpers/"];

mkdirSync(target, {recursive: true});
mkdirSync(cache, {recursive: true});
for (const part of PARTS) copyFileSync(join(pyodideFolder, part), join(target, part));
const {loadPyodide} = await import(pathToFileURL(join(pyodideFolder, "pyodide.mjs")));
const python = await loadPyodide();
python.runPython(`
import importlib.util, marshal, pathlib, sys, zipfile

SITE = f"/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages/"
CACHED = f"{sys.implementation.cache_tag}.pyc"
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same site from the same sources
UNCHECKED = (1).to_bytes(4, "little")  # PEP 552: by the source's hash, which nobody compares
LEVEL = 6  # the highest takes five times as long here, for one percent

def pyc(name, source, lean):
    code = compile(source, SITE + name, "exec", dont_inherit=True, optimize=2 if name.startswith(lean) else 0)
    return importlib.util.MAGIC_NUMBER + UNCHECKED + importlib.util.source_hash(source) + marshal.dumps(code)

def compiled(source, target, lean, with_source):
    lean, with_source = tuple(lean), tuple(with_source)
    with zipfile.ZipFile(source) as packed, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        def put(name, content):
            made.writestr(zipfile.ZipInfo(name, LONG_AGO), content, zipfile.ZIP_DEFLATED, LEVEL)
        for name in sorted(one for one in packed.namelist() if not one.endswith("/")):
            content = packed.read(name)
            if not name.endswith(".py"):
                put(name, content)
                continue
            try:
                code = pyc(name, content, lean)
            except (SyntaxError, ValueError):  # a template, or for another Python
                put(name, content)
                continue
            if name.startswith(with_source):
                put(name, content)
                put(str(pathlib.PurePath(name).parent / "__pycache__" / f"{pathlib.PurePath(name).stem}.{CACHED}"), code)
            else:
                put(name + "c", code)
`);
const compiled = python.globals.get("compiled");
const lock = JSON.parse(readFileSync(join(pyodideFolder, "pyodide-lock.json")));
lock.packages = {};

const how = readFileSync(process.argv[1]);

function compiledOnce(source) {
  const made = join(cache, `${createHash("sha256").update(how).update(JSON.stringify(lock.info)).update(source).digest("hex")}.zip`);
  if (!existsSync(made)) {
    python.FS.writeFile("/source.zip", source);
    compiled("/source.zip", "/target.zip", python.toPy(LEAN), python.toPy(WITH_SOURCE));
    writeFileSync(made, python.FS.readFile("/target.zip"));
  }
  return readFileSync(made);
}

function add(source, name, version, imports, file) {
  const content = compiledOnce(readFileSync(source));
  writeFileSync(join(target, file), content);
  lock.packages[name] = {
    name, version, file_name: file, install_dir: "site", depends: [], imports, package_type: "package",
    sha256: createHash("sha256").update(content).digest("hex"), unvendored_tests: false,
  };
}

add(join(archives, "xsfn-packages.zip"), "xsfn-packages", "1", [], "xsfn-packages.zip");
add(join(archives, "xsfn-site.zip"), "xsfn-site", "1", ["xsfn_helpers"], "xsfn-site.zip");
for (const wheel of readdirSync(kernelWheels).filter((name) => name.endsWith(".whl")).sort()) {
  const [name, version] = wheel.split("-");
  add(join(kernelWheels, wheel), name.replaceAll("_", "-"), version, [name], wheel);
}
// The kernel asks for these by name; they are inside the archive. The loader wants a file for each: an empty one.
const nothing = python.runPython(`
with zipfile.ZipFile("/nothing.zip", "w"):
    pass
pathlib.Path("/nothing.zip").read_bytes()`).toJs();
writeFileSync(join(target, "inside.zip"), nothing);
const emptyHash = createHash("sha256").update(nothing).digest("hex");
for (const name of ["comm", "ipython", "ipywidgets", "jedi", "micropip", "packaging", "traitlets"]) {
  lock.packages[name] = {
    name, version: "1", file_name: "inside.zip", install_dir: "site", depends: ["xsfn-packages"], imports: [],
    package_type: "package", sha256: emptyHash, unvendored_tests: false,
  };
}
writeFileSync(join(target, "pyodide-lock.json"), JSON.stringify(lock, null, 1));
process.exit(0);
