/** The file of accepted risks: who accepts one says why and until when. */
import type { AcceptedRisk } from "@ml-actions/evidence/vulnerabilities-policy";
import { isExpired } from "@ml-actions/evidence/vulnerabilities-policy";
import { z } from "zod";
import { ScanError, shown } from "./errors.ts";

const mostBytes = 1024 * 1024;
const mostAliases = 100;
const problemsShown = 20;

const line = (what: string) =>
  z
    .string({ error: `expected ${what}` })
    .transform((text) => text.trim())
    .pipe(z.string().min(1, `expected ${what}`).max(1000, `expected ${what} of at most 1000 characters`));

const entry = z.strictObject({
  id: line("the vulnerability's id, such as CVE-2026-1234"),
  package: line("the package's name").nullish(),
  reason: line("why this risk is taken"),
  expires: z.iso.date("expected a day such as 2027-01-31"),
});

const fileSchema = z.array(entry, { error: "expected a list of entries with id, reason and expires" });

/**
 * @param place how to name the file in an error.
 * @param now milliseconds since 1970
 * @throws ScanError `ignore-file` with every problem, `expired` naming every entry whose day has passed.
 */
export async function readIgnoreFile(text: string, place: string, now: number): Promise<AcceptedRisk[]> {
  const parsed = fileSchema.safeParse(await parsedYaml(text, place), { reportInput: true });
  if (!parsed.success) throw malformed(place, parsed.error.issues.map(problemOf));
  const risks = parsed.data.map((risk) => ({ ...risk, package: risk.package ?? null }));
  const keys = risks.map(({ id, package: name }) => `${id}${name === null ? "" : ` in ${name}`}`);
  const twice = keys.filter((key, index) => keys.indexOf(key) !== index);
  if (twice.length > 0)
    throw malformed(
      place,
      twice.map((key) => `${shown(key)} is there twice`),
    );
  const expired = risks.filter((risk) => isExpired(risk, now));
  if (expired.length === 0) return risks;
  const named = expired.map(({ id, expires, reason }) => `${shown(id)} (until ${expires}: ${shown(reason)})`);
  throw new ScanError(
    "expired",
    `accepted risks of ${place} have expired: ${named.slice(0, problemsShown).join("; ")}${more(named)}`,
    "Upgrade what they are about and remove them, or decide anew and give them another day.",
  );
}

async function parsedYaml(text: string, place: string): Promise<unknown> {
  if (Buffer.byteLength(text) > mostBytes) throw malformed(place, ["it is larger than 1 MiB"]);
  const { parseDocument } = await import("yaml");
  try {
    const document = parseDocument(text, { prettyErrors: true, stringKeys: true });
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const value: unknown = document.toJS({ maxAliasCount: mostAliases });
    return value ?? [];
  } catch (cause) {
    // The parser recurses: text nested some thousands deep ends in a RangeError, an alias bomb in a ReferenceError.
    throw malformed(place, [`it is no YAML or JSON: ${shown((cause as Error).message, 300)}`], cause);
  }
}

function problemOf(issue: z.core.$ZodIssue): string {
  const [index, field] = issue.path;
  const where =
    typeof index === "number"
      ? `entry ${index + 1}${field === undefined ? "" : `, ${shown(String(field))}`}: `
      : "";
  const { input } = issue;
  const got =
    typeof input === "string"
      ? `; it is ${shown(JSON.stringify(input), 80)}`
      : input === undefined
        ? "; it is missing"
        : "";
  return `${where}${shown(issue.message)}${issue.code === "unrecognized_keys" ? "" : got}`;
}

function malformed(place: string, problems: readonly string[], cause?: unknown): ScanError {
  return new ScanError(
    "ignore-file",
    `${place} is no list of accepted risks:\n${problems
      .slice(0, problemsShown)
      .map((problem) => `  - ${problem}`)
      .join("\n")}${more(problems)}`,
    "Write one entry a risk: `- id: CVE-2026-1234`, `reason: …`, `expires: 2027-01-31`, and `package: …` to accept it in that package alone.",
    { cause },
  );
}

const more = (all: readonly unknown[]): string =>
  all.length > problemsShown ? ` and ${all.length - problemsShown} more` : "";
