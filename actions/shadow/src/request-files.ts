/** The field for recorded requests: files, or patterns such as `requests-*.jsonl`, one file a version of the API. */
import { globSync } from "node:fs";
import { filePath, list } from "@ml-actions/action-kit/fields";
import { z } from "zod";

const pattern = /[*?[\]{}]/;

export function requestFiles() {
  const one = filePath();
  return list().transform((items, context) => {
    const paths: string[] = [];
    const refuse = (message: string) => context.issues.push({ code: "custom", input: items, message });
    for (const item of items) {
      const found = pattern.test(item) ? globSync(item).sort() : [item];
      if (found.length === 0) refuse(`no file matches ${JSON.stringify(item.slice(0, 200))}`);
      for (const path of found) {
        const parsed = one.safeParse(path);
        if (parsed.success) paths.push(parsed.data);
        else for (const issue of parsed.error.issues) refuse(issue.message);
      }
    }
    const twice = paths.find((path, index) => paths.indexOf(path) !== index);
    if (twice !== undefined) refuse(`${JSON.stringify(twice.slice(-200))} is there twice`);
    return context.issues.length > 0 ? z.NEVER : paths;
  });
}
