// Sends the calls that come in on stdin with @segment/analytics-node, as a shop's Node server would.
import { Analytics } from "@segment/analytics-node";
import { text } from "node:stream/consumers";

const { host, writeKey, calls } = JSON.parse(await text(process.stdin));
const analytics = new Analytics({ host, writeKey, flushAt: 10, maxRetries: 1 });
const failures = [];
analytics.on("error", (error) => failures.push(error));
for (const call of calls) analytics.track(call);
await analytics.flush({ timeout: 20000 });
if (failures.length) {
  console.error(JSON.stringify(failures));
  process.exit(1);
}
