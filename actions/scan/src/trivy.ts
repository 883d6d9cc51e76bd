/** Trivy's command line, as far as we use it. */
import { mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ScanError, shown } from "./errors.ts";
import { type Ended, runProgram } from "./process.ts";
import type { Scanner } from "./scanner.ts";
import type { Workroom } from "./workroom.ts";

export interface TrivyOptions {
  scanner: Scanner;
  room: Workroom;
  signal: AbortSignal;
  /** For one platform. */
  timeoutMs?: number;
}

/** One manifest, by digest: of a registry, or of a layout's blobs. */
export type ScanTarget =
  | { kind: "registry"; reference: string }
  | { kind: "layout"; directory: string; manifest: { mediaType: string; digest: string; size: number } };

/** An image of some gigabytes over a slow line. */
const defaultTimeoutMs = 20 * 60_000;
/** 20,000 packages with 5,000 findings are 60 MB. */
const mostReportBytes = 256 * 1024 * 1024;

const scanAgain = "Correct what it complains about and run the scan again.";

const quietly = ["--no-progress", "--disable-telemetry", "--skip-version-check"];

export class Trivy {
  readonly #options: TrivyOptions;
  #runs = 0;

  constructor(options: TrivyOptions) {
    this.#options = options;
  }

  /** Into a cache directory; nothing happens while the one there is the newest. */
  async downloadDatabase(cacheDir: string): Promise<void> {
    await this.#run(
      "fetching the vulnerability database",
      ["image", "--download-db-only", "--cache-dir", cacheDir, ...quietly],
      "Run it again; without a network, bring the database along with `cache-dir`.",
    );
  }

  /** The report of one platform's manifest, as JSON text. `offline`: nothing else is fetched. */
  async scan(target: ScanTarget, cacheDir: string, offline: boolean): Promise<string> {
    const output = this.#file("report.json");
    const of = target.kind === "registry" ? target.reference : target.manifest.digest;
    await this.#run(`scanning ${of}`, [
      "image",
      ...["--format", "json", "--output", output],
      ...["--scanners", "vuln", "--list-all-pkgs"],
      // Layers analysed by an earlier run are no witnesses of this one.
      ...["--cache-dir", cacheDir, "--cache-backend", "memory", "--skip-db-update", "--offline-scan"],
      ...(offline ? ["--skip-java-db-update"] : []),
      // A local daemon may hold something else under the same name.
      ...["--image-src", "remote"],
      ...["--timeout", `${Math.ceil(this.#timeoutMs / 1000)}s`],
      ...quietly,
      ...(target.kind === "registry" ? [target.reference] : ["--input", await this.#layoutOf(target)]),
    ]);
    return this.#read(output);
  }

  /** A report in JSON → SARIF. */
  async sarif(report: string, output: string): Promise<void> {
    const input = this.#file("merged.json");
    await writeFile(input, report);
    await this.#run("writing SARIF", ["convert", "--format", "sarif", "--output", output, input]);
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? defaultTimeoutMs;
  }

  #file(name: string): string {
    this.#runs += 1;
    return join(this.#options.room.directory, "run", `${this.#runs}-${name}`);
  }

  /** A layout that lists this manifest alone: of a layout with several images, or of an index in it, Trivy takes the
   * first that it sees. */
  async #layoutOf({ directory, manifest }: ScanTarget & { kind: "layout" }): Promise<string> {
    const layout = this.#file("layout");
    await mkdir(layout);
    await symlink(join(directory, "blobs"), join(layout, "blobs"));
    await writeFile(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    await writeFile(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
    return layout;
  }

  async #run(what: string, args: readonly string[], remedy = scanAgain): Promise<void> {
    const { scanner, room, signal } = this.#options;
    const ended = await runProgram({
      path: scanner.path,
      args,
      cwd: join(room.directory, "run"),
      environment: room.environment,
      // Trivy's own timeout comes first, and says more.
      timeoutMs: this.#timeoutMs + 30_000,
      signal,
    });
    if (ended.code !== 0) throw crashed(what, ended, remedy);
  }

  async #read(output: string): Promise<string> {
    const size = await stat(output).then(
      (file) => file.size,
      () => 0,
    );
    if (size === 0) {
      throw new ScanError(
        "report",
        "the scanner ended well but wrote no report",
        "Use the pinned version of Trivy.",
      );
    }
    if (size > mostReportBytes) {
      throw new ScanError(
        "report",
        `the scanner's report has ${Math.round(size / 2 ** 20)} MiB; at most ${mostReportBytes / 2 ** 20} are read`,
        "Look at what the image holds: no image of a model has that many packages.",
      );
    }
    return readFile(output, "utf8");
  }
}

function crashed(what: string, { code, signal, timedOut, stderr }: Ended, remedy: string): ScanError {
  const end = signal === null ? `ended with ${code}` : `was ended by ${signal}`;
  const how = timedOut ? "did not end in time and was stopped" : end;
  const lines = stderr.trim().split("\n");
  const fatal = lines.findIndex((line) => /\b(FATAL|ERROR|panic)\b/.test(line));
  const said = shown(lines.slice(fatal < 0 ? -3 : fatal).join(" "), 1000);
  return new ScanError(
    "crash",
    `${what}: the scanner ${how}${said === "" ? ", and said nothing" : `; it said: ${said}`}`,
    `Nothing was judged. ${remedy}`,
  );
}
