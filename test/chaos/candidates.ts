/** The candidates that cases deploy: a sound one, and one for every way to fail. */
import type { Release } from "@ml-actions/rollout/target";
import { standIn } from "../cluster/contract/place.ts";
import { pushImage } from "../lab/image.ts";
import { lab } from "../lab/lab.ts";

export const candidates = {
  sound: () => standIn({ name: "sound" }),
  failing: () => standIn({ name: "failing", failEvery: 2 }),
  crashLoop: () => standIn({ name: "crash-loop", crashAtStart: true }),
  neverReady: () => standIn({ name: "never-ready", neverReady: true }),
  /** Ready, and dead at one of its first requests, again and again. */
  dies: () => standIn({ name: "dies", crashAt: 10 }),
  async noImage() {
    const release = await standIn({ name: "no-image" });
    const digest = `sha256:${"0".repeat(64)}`;
    return { ...release, digest, image: (release.image as string).replace(/sha256:.*/, digest) };
  },
  async outOfMemory(): Promise<Release> {
    const program = "const kept = []; setInterval(() => kept.push(Buffer.alloc(64 << 20, 1)), 20);";
    const image = await pushImage((await lab()).registry, {
      ...{ repository: "lab/out-of-memory", tag: `1-${process.versions.node}`, base: "node" },
      layers: async () => [],
      entrypoint: ["/nodejs/bin/node", "-e", program],
    });
    const digest = image.slice(image.indexOf("@") + 1);
    return { digest, label: "out-of-memory", model: { digest, uri: image, contract: image }, image };
  },
} satisfies Record<string, () => Promise<Release>>;
