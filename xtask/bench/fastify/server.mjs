// The server that the API is measured beside: the same work, as one would write it in Node. A token is verified by AWS's
// own library, an allocation is counted by one statement on the same ledger, and a coturn credential is signed.
//
//   node server.mjs DATABASE JWKS PORT SECRET

import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";

import { createClient } from "@libsql/client";
import { CognitoJwtVerifier } from "aws-jwt-verify";
import fastify from "fastify";

import { CLIENT, POOL } from "./pool.mjs";

const [database, jwks, port, secret] = process.argv.slice(2);
const TTL = 600;

const verifier = CognitoJwtVerifier.create({
  userPoolId: POOL,
  tokenUse: "access",
  clientId: CLIENT,
});
verifier.cacheJwks(JSON.parse(readFileSync(jwks, "utf8")));

const ledger = createClient({ url: `file:${database}` });
await ledger.execute("PRAGMA journal_mode = WAL");
await ledger.execute("PRAGMA synchronous = NORMAL");
await ledger.execute("PRAGMA busy_timeout = 5000");

const COUNT = readFileSync(new URL("count.sql", import.meta.url), "utf8");

const app = fastify({ logger: false });

app.post("/api/turn-credentials", async (request, reply) => {
  const authorization = request.headers.authorization ?? "";
  let claims;
  try {
    claims = await verifier.verify(authorization.replace(/^Bearer /i, ""));
  } catch {
    return reply.code(401).send({ title: "Sign in to do this" });
  }
  const now = new Date();
  const { rows } = await ledger.execute({
    sql: COUNT,
    args: { sub: claims.sub, period: now.toISOString().slice(0, 7) },
  });
  if (rows.length === 0) {
    return reply.code(429).send({ title: "The quota is used up" });
  }
  const [{ instance_id: instance, used, most }] = rows;
  const expires = Math.floor(now.getTime() / 1000) + TTL;
  const username = `${expires}:${instance}`;
  const credential = createHmac("sha1", secret).update(username).digest("base64");
  reply.header("cache-control", "no-store");
  return {
    instanceId: instance,
    iceServers: [{ urls: ["turn:127.0.0.1:3478"], username, credential }],
    ttl: TTL,
    expiresAt: new Date(expires * 1000).toISOString(),
    remaining: most - used,
  };
});

await app.listen({ host: "127.0.0.1", port: Number(port) });
