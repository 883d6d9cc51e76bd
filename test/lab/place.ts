/** Where the lab lies. There is one a machine, because it is the machine that is the node. */
import { ControlPlane } from "../components/kubernetes/control-plane.ts";

/** Its base name is that of its control groups as well. */
export const labDirectory = "/tmp/ml-actions-lab";

/** Held by whoever brings parts of it up or takes them down. */
export const labLock = `${labDirectory}.lock`;

/** The node's address, on the loopback interface: nobody else on the machine's networks reaches it. */
export const nodeAddress = "10.245.0.1";

export const controlPlane = new ControlPlane({
  directory: labDirectory,
  privateAddress: "127.245.0.1",
  address: nodeAddress,
});
