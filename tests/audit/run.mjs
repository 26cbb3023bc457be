// Runs the GraphQL-over-HTTP audits of graphql-http against a server: node run.mjs <url> <token>.
// Prints one line a failed audit and, last, how many passed; fails unless all did.

import { auditServer } from "graphql-http";

const [url, token] = process.argv.slice(2);

const fetchFn = (input, init = {}) => {
  const headers = new Headers(init.headers);
  headers.set("authorization", `Bearer ${token}`);
  return fetch(input, { ...init, headers });
};

const results = await auditServer({ url, fetchFn });
const failed = results.filter((result) => result.status !== "ok");

for (const { id, name, status, reason } of failed) {
  console.log(`${id} ${status}: ${name}: ${reason}`);
}
console.log(`${results.length - failed.length} of ${results.length} audits passed`);
process.exitCode = failed.length === 0 ? 0 : 1;
