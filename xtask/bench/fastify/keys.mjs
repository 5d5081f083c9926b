// Serves a file of keys at any path.
//
//   node keys.mjs JWKS PORT

import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const [file, port] = process.argv.slice(2);
const keys = readFileSync(file);
createServer((_, response) => response.end(keys)).listen(Number(port), "127.0.0.1");
