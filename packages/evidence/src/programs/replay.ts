/**
 * `npm run replay -- FILE`: judges the counts in a canary's evidence file anew and compares with what it claims. Exits 0
 * when they agree, 1 when they do not, 2 when the file cannot be replayed.
 */
import { readFile } from "node:fs/promises";
import { EvidenceError } from "../error.ts";
import { shown } from "../read-json.ts";
import { replayStatement } from "../replay.ts";
import { describeReplay } from "../replay-text.ts";
import { readStatement } from "../statement.ts";

process.exitCode = await main(process.argv.slice(2));

async function main([path, ...more]: string[]): Promise<number> {
  if (path === undefined || more.length > 0) {
    console.error(
      "usage: npm run replay -- FILE\n\nFILE is the evidence that deploy wrote (output evidence).",
    );
    return 2;
  }
  try {
    const statement = readStatement(await read(path), path);
    const replay = replayStatement(statement, path);
    console.log(describeReplay(statement, replay));
    return replay.same ? 0 : 1;
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    console.error(`${error.message}\n${error.remedy}`);
    return 2;
  }
}

async function read(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === "ENOENT" ? "there is no such file" : shown(cause.message, 200);
    const remedy = 'Give the path of the evidence file that deploy wrote (output "evidence").';
    throw new EvidenceError("not-json", `${shown(path)} cannot be read: ${why}.`, remedy, { cause });
  });
}
