// Makes the API's function as `vercel build` does, with Vercel's own builder, and writes what would be uploaded into a folder:
// the function's files, and in `output.json` how it is started and which routes lead to it.
//
//   cd target/tools/vercel && node ../../../xtask/tools/vercel/build.cjs INTO

const fs = require("node:fs");
const { createRequire } = require("node:module");
const os = require("node:os");
const path = require("node:path");

const [into] = process.argv.slice(2);
const root = path.resolve(__dirname, "../../..");
const installed = createRequire(path.join(process.cwd(), "package.json"));
const { build } = installed("@vercel/rust");
const { download } = installed("@vercel/build-utils");

// So it says on Vercel's machines; anywhere else the builder compiles for them with Zig.
process.env.VERCEL_BUILD_IMAGE = "al2023";
// Optimising takes minutes more, and the function is the same one.
process.env.CARGO_PROFILE_RELEASE_OPT_LEVEL = "0";
process.env.CARGO_PROFILE_RELEASE_LTO = "off";
process.env.CARGO_PROFILE_RELEASE_CODEGEN_UNITS = "16";
// What cargo tells a test or a program of its package; build scripts would run again.
for (const name of Object.keys(process.env)) {
  if (/^CARGO_(PKG|MANIFEST)_/.test(name)) delete process.env[name];
}

// Where there is no rustup the builder would install one; the Rust that is here will do.
const standIn = fs.mkdtempSync(path.join(os.tmpdir(), "rustup-"));
fs.writeFileSync(path.join(standIn, "rustup"), "#!/bin/sh\n", { mode: 0o755 });
process.env.PATH += path.delimiter + standIn;

async function main() {
  const { framework } = JSON.parse(fs.readFileSync(path.join(root, "api/vercel.json"), "utf8"));
  // It is started here, not on Vercel's machines.
  const architecture = process.arch === "arm64" ? "arm64" : "x86_64";
  const { result } = await build({
    // What the framework `rust` stands for: https://github.com/vercel/vercel/blob/main/packages/frameworks/src/frameworks.ts
    entrypoint: "src/main.rs",
    repoRootPath: root,
    workPath: path.join(root, "api"),
    // Everything is there already.
    files: {},
    meta: { skipDownload: true },
    config: { zeroConfig: true, framework, functions: { "src/main.rs": { architecture } } },
  });
  const functions = Object.entries(result.output);
  if (functions.length !== 1) throw new Error(`${functions.length} functions instead of one`);
  const [[name, lambda]] = functions;
  fs.rmSync(into, { recursive: true, force: true });
  await download(lambda.files, into);
  const { runtime, handler, environment } = lambda;
  const output = { name, runtime, handler, environment, routes: result.routes };
  fs.writeFileSync(path.join(into, "output.json"), JSON.stringify(output));
}

main()
  .catch((error) => {
    // What cargo said, if it was cargo.
    console.error(error.stderr || error);
    process.exitCode = 1;
  })
  .finally(() => fs.rmSync(standIn, { recursive: true }));
