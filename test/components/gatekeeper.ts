/** Gatekeeper's own evaluation of constraints (`gator test`), without a cluster. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { goTool } from "./go-tool.ts";

export interface Violation {
  /** `<constraint>: <message>`. */
  said: string;
  /** Name of the object. */
  object: string;
  action: string;
}

/** @param policies YAML of templates and constraints
 * @param objects what is to be admitted, with the namespaces that it lives in */
export async function gatorTest(
  policies: readonly string[],
  objects: readonly object[],
): Promise<Violation[]> {
  const gator = await goTool("gator");
  const directory = await mkdtemp(join(tmpdir(), "ml-actions-gator-"));
  try {
    const files = [...policies, ...objects.map((object) => JSON.stringify(object))];
    const names = files.map((_, index) => join(directory, `${index}.yaml`));
    await Promise.all(names.map((name, index) => writeFile(name, files[index] as string)));
    const args = ["test", "-o", "json", ...names.flatMap((name) => ["-f", name])];
    // It exits with 1 when something is violated, and with 1 when it cannot read something.
    const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
      const child = execFile(gator, args, { maxBuffer: 2 ** 26, timeout: 60_000 }, (_, out, err) =>
        resolve({ stdout: out, stderr: err }),
      );
      // It reads objects from there as well, and would wait for the end.
      child.stdin?.end();
    });
    if (stderr.trim() !== "") throw new Error(`gator: ${stderr}`);
    const results = JSON.parse(stdout.trim() || "[]") as Result[] | null;
    return (results ?? []).map(({ msg, constraint, violatingObject, enforcementAction }) => ({
      said: `${constraint.metadata.name}: ${msg}`,
      object: violatingObject.metadata.name,
      action: enforcementAction,
    }));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

interface Result {
  msg: string;
  enforcementAction: string;
  constraint: { metadata: { name: string } };
  violatingObject: { metadata: { name: string } };
}
