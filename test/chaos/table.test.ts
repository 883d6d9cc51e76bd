import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Table } from "./table.ts";

const [faults, targets] = [
  ["SIGKILL", "no image"],
  ["deployment", "gateway"],
];
const restored = { outcome: "restored", secondsToStable: 17.2, failed: 0 };
const promoted = { outcome: "promoted", secondsToStable: null, failed: 3 };

describe("the table of faults", () => {
  const path = join(mkdtempSync(join(tmpdir(), "ml-actions-chaos-table-")), "chaos.md");
  const rows = () => readFileSync(path, "utf8").match(/^\| (?!---).*$/gm);

  it("keeps the order of faults and targets, and marks what was seen alone", () => {
    const table = new Table(faults, targets, path);
    table.write({ fault: "no image", target: "gateway", ...promoted });
    table.write({ fault: "SIGKILL", target: "gateway", ...restored });
    expect(rows()).toEqual([
      "| Fault | deployment | gateway |",
      "| SIGKILL |  | restored, 20 s * |",
      "| no image |  | promoted, 3 failed * |",
    ]);
    expect(readFileSync(path, "utf8")).toMatch(/runs of their own/);
  });

  it("keeps the cells of others, and says that one failed", () => {
    const table = new Table(faults, targets, path);
    table.write({ fault: "SIGKILL", target: "deployment", ...restored });
    table.writeFailure("no image", "gateway");
    table.finish(4, 2);
    expect(rows()?.slice(1)).toEqual([
      "| SIGKILL | restored, 20 s * | restored, 20 s * |",
      "| no image |  | **FAILED** |",
    ]);
  });

  it("says how it was seen when all of it was, and drops what is no case any more", () => {
    const table = new Table(["SIGKILL"], targets, path);
    for (const target of targets) table.write({ fault: "SIGKILL", target, ...restored });
    table.finish(2, 2);
    expect(rows()?.slice(1)).toEqual(["| SIGKILL | restored, 20 s | restored, 20 s |"]);
    expect(readFileSync(path, "utf8")).toMatch(
      /^Seen in one run of 0 minutes on \d+ cores, up to 2 rollouts/m,
    );
  });
});
