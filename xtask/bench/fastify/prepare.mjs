// Prepares a measurement: a pool's key, tokens of users, and their subscriptions in a ledger that is migrated.
//
//   node prepare.mjs FOLDER DATABASE USERS

import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { createClient } from "@libsql/client";

import { CLIENT, ISSUER } from "./pool.mjs";

const [folder, database, users] = process.argv.slice(2);

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const jwk = createPublicKey(privateKey).export({ format: "jwk" });
const kid = "measured-key";
writeFileSync(
  join(folder, "jwks.json"),
  JSON.stringify({ keys: [{ ...jwk, kid, alg: "RS256", use: "sig" }] }),
);

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function token(sub) {
  const now = Math.floor(Date.now() / 1000);
  // What Cognito puts into an access token: the size counts.
  const claims = {
    sub,
    "cognito:groups": ["members"],
    iss: ISSUER,
    version: 2,
    client_id: CLIENT,
    origin_jti: "7c7a2e0c-52b7-4d0c-9a52-0c1f0d1f6b11",
    event_id: "b3b6a9ab-6a45-4d38-9d66-9d9e3a1a6a52",
    token_use: "access",
    scope: "openid email profile",
    auth_time: now,
    exp: now + 3600,
    iat: now,
    jti: "0d2f6a6c-8a51-4c86-8f4f-5d3d0d6a7d0e",
    username: sub,
  };
  const signed = `${encode({ kid, alg: "RS256" })}.${encode(claims)}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), privateKey).toString("base64url")}`;
}

const ledger = createClient({ url: `file:${database}` });
const statements = [
  "UPDATE plans SET turn = 1000000000",
  "DELETE FROM counters",
];
const tokens = [];
for (let index = 0; index < Number(users); index += 1) {
  const sub = `f4c8d4a8-0000-4000-8000-${String(index).padStart(12, "0")}`;
  // Ten digits of base32.
  const instance = index.toString(8).padStart(10, "0").replace(/[01]/g, (digit) => "ab"[digit]);
  tokens.push(token(sub));
  statements.push(
    {
      sql: "INSERT INTO customers (sub, instance, created_at) VALUES (?, ?, 0) ON CONFLICT DO NOTHING",
      args: [sub, instance],
    },
    {
      sql: `INSERT INTO subscriptions (id, stripe_customer, sub, owner, status, lookup_key, created, rank, event)
            VALUES (?, ?, ?, ?, 'active', 'chitchatter_pro_monthly', 0, 0, ?) ON CONFLICT DO NOTHING`,
      args: [`sub_${index}`, `cus_${index}`, sub, sub, `evt_${index}`],
    },
  );
}
await ledger.batch(statements, "write");
writeFileSync(join(folder, "tokens.txt"), tokens.join("\n"));

// What the load is made of: one token after the other.
writeFileSync(
  join(folder, "load.lua"),
  `local tokens = {}
for line in io.lines("${join(folder, "tokens.txt")}") do tokens[#tokens + 1] = "Bearer " .. line end
local index = 0
request = function()
  index = index % #tokens + 1
  return wrk.format("POST", "/api/turn-credentials", {
    ["Authorization"] = tokens[index], ["Content-Type"] = "application/json" }, "{}")
end
done = function(summary, latency)
  io.write(string.format('{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"errors":%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
`,
);
