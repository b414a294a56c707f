// What `make web` does after `npm ci`: copies what pages load into ../static/vendor, each file's SHA-256 checked against
// vendored.json, with its package's licence beside it. A file that is not as listed stops everything; then nothing of
// before has changed. `node vendor.mjs --list` prints the hashes of what is installed, for a new version.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const VENDOR = join(HERE, "../static/vendor");
const { files } = JSON.parse(readFileSync(join(HERE, "vendored.json"), "utf8"));

function installed(from) {
  return readFileSync(join(HERE, "node_modules", from));
}

function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

function licence(name) {
  const folder = join(HERE, "node_modules", name);
  const found = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const head = `${name} ${version}: ${license}\n\n`;
  return head + (found ? readFileSync(join(folder, found), "utf8") : "Its package carries no text of the licence.\n");
}

function copied(target) {
  for (const { to, from, sha256: expected } of files) {
    const bytes = installed(from);
    if (sha256(bytes) !== expected) {
      throw new Error(`${from}: is not what vendored.json lists (${sha256(bytes)})`);
    }
    // a map of the source is not carried: a browser that asks for one would find nothing
    const text = bytes.toString("utf8").replace(/\n\/[/*]# sourceMappingURL=[^\n]*\n?$/, "\n");
    writeFileSync(join(target, to), text);
  }
  for (const name of new Set(files.flatMap(({ of, holds = [] }) => [of, ...holds]))) {
    writeFileSync(join(target, `LICENSE.${name}.txt`), licence(name));
  }
}

if (process.argv.includes("--list")) {
  for (const { from } of files) console.log(sha256(installed(from)), from);
} else {
  const part = `${VENDOR}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  try {
    copied(part);
  } catch (error) {
    rmSync(part, { recursive: true, force: true });
    console.error(`make web: ${error.message}`);
    process.exit(1);
  }
  rmSync(VENDOR, { recursive: true, force: true });
  renameSync(part, VENDOR);
  console.log(`${files.length} files in gateway/web/static/vendor`);
}
