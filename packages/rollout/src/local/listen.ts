/** Binding the two addresses of a supervisor. */
import { mkdtemp, rm } from "node:fs/promises";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RolloutError } from "../error.ts";

/** sun_path holds 104 bytes on macOS and 108 on Linux, with the final NUL. */
const longestSocketPathBytes = 100;

export interface SocketPlace {
  path: string;
  remove(): Promise<void>;
}

/** A path in the state directory, or in a private directory of its own when that would be too long. */
export async function socketPlace(stateDirectory: string): Promise<SocketPlace> {
  const path = join(stateDirectory, "admin.sock");
  if (Buffer.byteLength(path) <= longestSocketPathBytes) return { path, remove: async () => {} };
  // Made with mode 0700.
  const directory = await mkdtemp(join(tmpdir(), "ml-actions-"));
  return {
    path: join(directory, "admin.sock"),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

export async function listenOnSocket(server: Server, path: string): Promise<void> {
  // Only the holder of the lock comes here: what lies there is a dead supervisor's.
  await rm(path, { force: true });
  await listen(server, () => server.listen(path));
}

/** Resolves with the port. Rejects with `port-in-use`. */
export async function listenOnPort(server: Server, host: string, port: number): Promise<number> {
  try {
    await listen(server, () => server.listen({ host, port, exclusive: true }));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") {
      throw new RolloutError(
        "port-in-use",
        `Port ${port} on ${host} is in use by another process.`,
        `Choose another port (input local-port, 0 for any), or end what listens there: lsof -i :${port}`,
        { cause },
      );
    }
    throw new RolloutError(
      "invalid",
      `Cannot listen on ${host}, port ${port}: ${message}.`,
      "Choose a port above 1023 and an address of this machine.",
      { cause },
    );
  }
  return (server.address() as AddressInfo).port;
}

function listen(server: Server, begin: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => {
      server.off("error", reject);
      resolve();
    });
    begin();
  });
}
