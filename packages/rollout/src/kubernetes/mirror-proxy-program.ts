/** The mirroring proxy as a program: alone in its pod, with the settings that the runner gave it. */
import { serveMirror } from "./mirror-proxy.ts";
import { mirrorSettingsSchema, mirrorSettingsVariable } from "./mirror-proxy-settings.ts";

const log = (line: string) => process.stderr.write(`${new Date().toISOString()} ${line}\n`);

async function main(): Promise<void> {
  const settings = mirrorSettingsSchema.parse(JSON.parse(process.env[mirrorSettingsVariable] ?? "null"));
  const proxy = await serveMirror(settings);
  log(`copying ${settings.percent} % of the requests for port ${settings.httpPort}`);
  process.once("SIGTERM", async () => {
    await proxy.drain();
    const { mirrored, mirrorDropped } = proxy.counts().report();
    const { busy, tooLarge } = mirrorDropped;
    log(`${mirrored.candidate.requests} copies; not copied: ${busy} too many at once, ${tooLarge} too large`);
    process.exit(0);
  });
}

main().catch((error: Error) => {
  log(`${error.stack}`);
  process.exit(1);
});
