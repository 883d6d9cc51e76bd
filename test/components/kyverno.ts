/** Kyverno's own evaluation of image policies (`kyverno apply`), without a cluster. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { goTool } from "./go-tool.ts";

/** The labels of the namespaces, which the command asks no cluster for. */
const namespaces = [
  { name: "production", labels: { "policy.sigstore.dev/include": "true" } },
  { name: "kube-system", labels: { team: "cluster" } },
];

export interface Applied {
  pass: number;
  fail: number;
  error: number;
  /** Names of the pods that were refused. */
  refused: string[];
  said: string;
}

/** @param policy YAML of an ImageValidatingPolicy */
export async function kyvernoApply(policy: string, pods: readonly object[]): Promise<Applied> {
  const kyverno = await goTool("kyverno");
  const directory = await mkdtemp(join(tmpdir(), "ml-actions-kyverno-"));
  try {
    const [policyFile, podFile, valuesFile] = ["policy.yaml", "pod.yaml", "values.yaml"].map((name) =>
      join(directory, name),
    ) as [string, string, string];
    const values = { apiVersion: "cli.kyverno.io/v1alpha1", kind: "Values", namespaceSelector: namespaces };
    const texts = {
      [policyFile]: policy,
      [podFile]: pods.map((pod) => JSON.stringify(pod)).join("\n---\n"),
      [valuesFile]: JSON.stringify(values),
    };
    await Promise.all(Object.entries(texts).map(([path, text]) => writeFile(path, text)));
    const args = [
      "apply",
      policyFile,
      "--resource",
      podFile,
      "--values-file",
      valuesFile,
      "--registry",
      "--remove-color",
      "--detailed-results",
    ];
    const env = { PATH: process.env.PATH, HOME: directory, SIGSTORE_NO_CACHE: "true" };
    const said = await new Promise<string>((resolve) => {
      const child = execFile(kyverno, args, { env, timeout: 60_000 }, (_, out, err) =>
        resolve(`${out}${err}`),
      );
      child.stdin?.end();
    });
    const count = (word: string) => Number(new RegExp(`${word}: (\\d+)`).exec(said)?.[1] ?? Number.NaN);
    const refused = [...said.matchAll(/-> resource \S+\/(\S+) failed:/g)].map(([, name]) => name as string);
    return { pass: count("pass"), fail: count("fail"), error: count("error"), refused, said };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
