/**
 * `npm run policies -- --config delivery.yaml [--registry ghcr.io/octo-org]… [--out DIR] [--audit]`: what `verify` asks
 * for, as policies of a cluster. Exits 0 when they are written, 2 when something given has to be mended first.
 */
import { parseArgs } from "node:util";
import { UserError } from "@ml-actions/action-kit/action";
import { type AdmissionFiles, admissionFiles, engines } from "@ml-actions/admission";
import { readRequest } from "./policies-request.ts";
import { writePolicies } from "./policies-write.ts";

const usage = `usage: npm run policies -- --config delivery.yaml [--registry REGISTRY]… [--out DIR] [--audit]

--config    the file whose section \`verify\` says what an image must carry
--registry  where images may come from, such as ghcr.io/octo-org; again for more. Default: \`registry\` of \`build\` there
--out       where the policies go, one folder an engine. Default: build/policies
--audit     what does not hold is told and admitted: to be applied first`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  try {
    const given = argumentsOf(args);
    const request = await readRequest(given, process.cwd());
    const made = admissionFiles(request);
    await writePolicies(given.out, made.files);
    console.log(report(given.out, made));
    return 0;
  } catch (error) {
    const remedy = error instanceof Error ? (error as { remedy?: unknown }).remedy : undefined;
    if (!(error instanceof Error) || typeof remedy !== "string") throw error;
    console.error(`${error.message}\n${remedy}`);
    return 2;
  }
}

function argumentsOf(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        config: { type: "string", default: "delivery.yaml" },
        registry: { type: "string", multiple: true, default: [] },
        out: { type: "string", default: "build/policies" },
        audit: { type: "boolean", default: false },
      },
    });
    return values;
  } catch (cause) {
    throw new UserError((cause as Error).message, { remedy: usage, cause });
  }
}

function report(out: string, { files, unchecked }: AdmissionFiles): string {
  const sections = engines.map((engine) => {
    const paths = files.map(({ path }) => path).filter((path) => path.startsWith(`${engine}/`));
    const notes = unchecked.filter((one) => one.engine === engine);
    return [
      `${engine}: ${paths.length === 0 ? "nothing" : paths.map((path) => `${out}/${path}`).join(", ")}`,
      ...notes.map(({ evidence, what }) => `  - ${evidence === null ? "" : `${evidence}: `}${what}`),
    ].join("\n");
  });
  return sections.join("\n");
}
