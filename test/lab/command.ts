/** `npm run lab:up [parts…]`, `lab:status`, `lab:down [parts…]`, `lab:late MINUTES`. */
import { lateWithin, minutesToBuild } from "./cold.ts";
import { partNamed, parts, withNeeds } from "./parts/index.ts";
import { givenKubeconfig, openSite } from "./site.ts";
import { bringUp, takeDown, takePartsDown } from "./up.ts";

const beganMs = performance.now();
const elapsed = () => `${((performance.now() - beganMs) / 1000).toFixed(0).padStart(4)} s`;
const say = (text: string) => console.error(`${elapsed()}  ${text}`);

async function up(names: readonly string[]): Promise<void> {
  const asked = (names.length === 0 ? parts.map(({ name }) => name) : names).map(
    (name) => partNamed(name).name,
  );
  const all = withNeeds(asked);
  const minutes = await minutesToBuild(all);
  const first =
    minutes === 0
      ? "It takes a minute or two"
      : `This machine builds their programs first, up to ${minutes} min on 2 cores`;
  say(
    `bringing up ${all.map(({ name }) => name).join(", ")}. ${first}. Fewer parts: npm run lab:up <part> …`,
  );
  await bringUp(asked, say);
  await status();
}

async function status(): Promise<void> {
  const site = await openSite(() => {});
  const rows: string[][] = [["part", "", "where"]];
  for (const part of parts) {
    const { up: isUp, where } = await part.status(site);
    rows.push([part.name, isUp ? "up" : "down", where]);
  }
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  for (const row of rows)
    console.log(
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    );
}

/** Parts by name, out of a cluster that goes on; without names, the lab's own cluster with everything of it. */
async function down(names: readonly string[]): Promise<void> {
  if (names.length > 0)
    return takePartsDown(
      names.map((name) => partNamed(name).name),
      say,
    );
  if (givenKubeconfig() !== null) {
    throw new Error(
      "KUBECONFIG names a cluster that the lab did not make: name the parts to take out of it, or unset it to take the lab's own down.",
    );
  }
  await takeDown();
  say("nothing of the lab is left on this machine but its caches");
}

/** Those that are not built within so many minutes, as one line for `LAB_WITHOUT`; an empty one when all are. */
async function late([given = ""]: readonly string[]): Promise<void> {
  const minutes = Number(given);
  if (given === "" || !Number.isFinite(minutes))
    throw new Error(`lab:late takes a number of minutes, and was given ${JSON.stringify(given)}`);
  console.log((await lateWithin(minutes)).join(","));
}

const [command, ...names] = process.argv.slice(2);
const commands: Record<string, () => Promise<void>> = {
  up: () => up(names),
  status,
  down: () => down(names),
  late: () => late(names),
};
const chosen = commands[command ?? ""];
if (chosen === undefined) {
  console.error("usage: npm run lab:up [parts…] | lab:status | lab:down [parts…] | lab:late MINUTES");
  process.exit(2);
}
await chosen().catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
