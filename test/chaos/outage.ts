/** `node outage.ts <etcd|kube-apiserver> <seconds>`: kills that program of the lab's and starts it again after that time.
 * Nobody brings parts of the lab up meanwhile. */
import { setTimeout as sleep } from "node:timers/promises";
import { withLock } from "@ml-actions/release/build-lock";
import { controlPlane, labLock } from "../lab/place.ts";

const [program, seconds] = process.argv.slice(2);
if (program !== "etcd" && program !== "kube-apiserver") throw new Error(`not to be killed: ${program}`);

await withLock(labLock, async () => {
  await controlPlane.daemons.stop(program, "SIGKILL");
  await sleep(Number(seconds) * 1000);
  await (program === "etcd" ? controlPlane.startEtcd() : controlPlane.startServer());
});
