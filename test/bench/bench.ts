/** `npm run bench -- <name>`: what is measured, not asserted. Each bench is a file that exports `run`. */
const benches: Record<string, () => Promise<{ run: (args: string[]) => Promise<void> }>> = {
  startup: () => import("./startup.ts"),
  gates: () => import("./gates.ts"),
  calibration: () => import("./calibration.ts"),
  nightly: () => import("./nightly.ts"),
  image: () => import("./image.ts"),
  flagger: () => import("./flagger.ts"),
  waves: () => import("./waves.ts"),
};

const [name = "", ...args] = process.argv.slice(2);
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
if (bench === undefined) {
  console.error(`usage: npm run bench -- <${Object.keys(benches).join(" | ")}>`);
  process.exitCode = 2;
} else {
  await (await bench()).run(args);
}
