/** From the lines of `evidence` to the statements in the files that they name. */
import { glob, readFile, realpath, stat } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { UserError } from "@ml-actions/action-kit/action";
import { shown } from "@ml-actions/action-kit/wording";
import type { SignedStatement } from "@ml-actions/evidence/signing";
import { readUnsigned } from "@ml-actions/evidence/signing";

export interface EvidenceFile {
  /** Relative to the workspace where it lies inside. */
  file: string;
  statement: SignedStatement;
}

const mostFiles = 100;
const largestBytes = 16 * 1024 * 1024;
const remedy =
  "Give paths of evidence files, one a line, relative to the workspace; is the step that writes them before this one?";

/**
 * Each file once, in the order of the lines. All that is wrong is said together.
 *
 * @throws AggregateError of UserError (a line without a file, a file that cannot be read) and EvidenceError (no statement)
 */
export async function readEvidence(lines: readonly string[], directory: string): Promise<EvidenceFile[]> {
  const errors: Error[] = [];
  const paths = new Set<string>();
  for (const line of lines) {
    const found = await filesOf(line, directory);
    if (found.length === 0)
      errors.push(new UserError(`\`evidence\`: ${shown(line)} matches no file.`, { remedy }));
    for (const path of found) paths.add(path);
  }
  if (paths.size > mostFiles) {
    errors.push(
      new UserError(`\`evidence\` names ${paths.size} files; at most ${mostFiles} are signed.`, { remedy }),
    );
  }
  const files: EvidenceFile[] = [];
  for (const path of [...paths].slice(0, mostFiles)) {
    const inside = relative(directory, path);
    const file = inside.startsWith("..") ? path : inside;
    try {
      files.push({ file, statement: readUnsigned(await textOf(path, file), file) });
    } catch (error) {
      if (!(error instanceof Error && "remedy" in error)) throw error;
      errors.push(error);
    }
  }
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, "The evidence cannot be signed");
  return files;
}

/** A path that exists is meant as it stands, whatever characters it has. */
async function filesOf(line: string, directory: string): Promise<string[]> {
  const literal = resolve(directory, line);
  if (await isFile(literal)) return [await realpath(literal)];
  const found: string[] = [];
  for await (const match of glob(line, { cwd: directory })) {
    const path = resolve(directory, match);
    if (await isFile(path)) found.push(await realpath(path));
    if (found.length > mostFiles) break;
  }
  return found.sort();
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (facts) => facts.isFile(),
    () => false,
  );

async function textOf(path: string, file: string): Promise<string> {
  const { size } = await stat(path);
  if (size > largestBytes) {
    throw new UserError(`${shown(file)} has ${size} bytes; a statement has at most ${largestBytes}.`, {
      remedy,
    });
  }
  return readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new UserError(`${shown(file)} cannot be read (${cause.code}).`, { remedy, cause });
  });
}
