/** The field for a file or directory that the workflow has made before. */
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { z } from "zod";
import { refusal, shown } from "./wording.ts";

/** Characters: people look for the end of it. */
const longestPath = 200;

/**
 * A file or directory that exists and can be read → its absolute path. `inside: "workspace"` refuses what lies
 * outside of the checkout, symbolic links resolved.
 */
export function filePath({
  kind = "file",
  inside,
}: {
  kind?: "file" | "directory";
  inside?: "workspace";
} = {}) {
  const path = z.string({ error: (issue) => refusal(`a path of a ${kind}`, issue.input) });
  return path.transform((raw, context) => {
    const file = resolve(raw);
    const fault = faultOfPath(raw, file, kind) ?? (inside === "workspace" ? faultOfPlace(file) : undefined);
    if (fault === undefined) return file;
    context.issues.push({ code: "custom", input: raw, message: `${shown(raw, longestPath)}: ${fault}` });
    return z.NEVER;
  });
}

/** An image where a file belongs, by its form alone. */
const imageReference = /^oci:|@sha256:[0-9a-f]{64}$/;

function faultOfPath(raw: string, path: string, kind: "file" | "directory"): string | undefined {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined && imageReference.test(raw)) return `is an image; this input takes a ${kind}`;
    if (stat === undefined) {
      return `there is no such ${kind}${isAbsolute(raw) ? "" : ` (looked at ${shown(path, longestPath)})`}`;
    }
    if (kind === "file" && stat.isDirectory()) return "is a directory, a file is expected";
    if (kind === "file" && !stat.isFile()) return "is not a regular file";
    if (kind === "directory" && !stat.isDirectory()) return "is a file, a directory is expected";
    accessSync(path, constants.R_OK);
    return undefined;
  } catch (error) {
    return `cannot be read (${codeOf(error)})`;
  }
}

function faultOfPlace(path: string): string | undefined {
  const workspace = realpathSync(process.env.GITHUB_WORKSPACE || process.cwd());
  const fromWorkspace = relative(workspace, realpathSync(path));
  const outside = fromWorkspace === ".." || fromWorkspace.startsWith(`..${sep}`) || isAbsolute(fromWorkspace);
  return outside ? `lies outside of the workspace ${workspace}` : undefined;
}

/** EACCES, ENAMETOOLONG …: the message of a system error repeats the path, however long. */
function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
