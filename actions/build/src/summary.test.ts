import { describe, expect, it } from "vitest";
import type { MadeImage } from "./appended.ts";
import { buildSummary, type SummaryInput, size } from "./summary.ts";

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const layer = (kind: "base" | "model", how: "sent" | "present", sizeBytes: number, digit: string) => ({
  kind,
  digest: digest(digit),
  diffId: digest(digit),
  sizeBytes,
  mediaType: "application/vnd.oci.image.layer.v1.tar",
  how,
});

const image: MadeImage = {
  digest: digest("a"),
  mediaType: "application/vnd.oci.image.index.v1+json",
  size: 500,
  modelDigest: digest("b"),
  contractDigest: digest("c"),
  profileDigest: null,
  releaseDigest: digest("d"),
  platforms: [{ platform: "linux/amd64", digest: digest("e") }],
  layers: [layer("base", "present", 60_000_000, "1"), layer("model", "sent", 20_400_000, "2")],
  base: {
    given: "gcr.io/d/n:nonroot",
    pin: `gcr.io/d/n:nonroot@${digest("f")}`,
    digest: digest("f"),
    nodeVersion: null,
  },
  dockerfile: null,
};

const input: SummaryInput = {
  name: "flights",
  tag: "1.4.3-ffac537e6cbb",
  destination: { place: "ghcr.io/octo-org/flights", kind: "registry" },
  image,
  model: { file: "flights-2.onnx", digest: digest("b"), task: "binary" },
  judged: {
    result: "PASSED",
    gates: [{ gate: "auc >= 0.65", observed: 0.686 }],
    dataset: "dataset_v20131231.parquet",
  },
  modelcar: null,
  source: { url: "https://github.com/octo-org/flights", commit: "ffac537e6cbbf934b08745a378932722df287a53" },
  stepId: "image",
  tookMs: 3200,
  tool: "ml-actions 0.1.0",
};

describe("the summary of a build", () => {
  it("says what there is, by which name, what it cost, and what comes next", () => {
    const summary = buildSummary(input);
    expect(summary).toMatch(/^## 📦 flights 1\.4\.3-ffac537e6cbb is built and pushed\n/);
    expect(summary).toContain(`\nghcr.io/octo-org/flights@${digest("a")}\n`);
    expect(summary).toContain("20.4 MB of 80.4 MB written, the rest was there");
    expect(summary).toContain("| Judged | ✅ PASSED: `auc >= 0.65` (0.686) on `dataset_v20131231.parquet` |");
    expect(summary).toContain(`base: gcr.io/d/n:nonroot@${digest("f")}`);
    expect(summary).toContain(`image: \${{ steps.image.outputs.image }}`);
    expect(summary).not.toContain("Give this step");
  });

  it("asks for a pin and an id only where they are missing", () => {
    const pinned = `gcr.io/d/n@${digest("f")}`;
    const base = { given: pinned, pin: pinned, digest: digest("f"), nodeVersion: null };
    const summary = buildSummary({ ...input, stepId: null, image: { ...image, base } });
    expect(summary).not.toContain("Pin the base");
    expect(summary).toContain("Give this step `id: build`");
  });

  it("does not speak of signing what was sent nowhere", () => {
    const summary = buildSummary({ ...input, destination: { place: "oci:/tmp/image", kind: "kept" } });
    expect(summary).toContain("nothing was sent");
    expect(summary).not.toContain("sign@v1");
  });

  it("shows hostile names as text", () => {
    const hostile = "x|\n<script>alert(1)</script> **b** ::error:: [a](javascript:b)";
    const summary = buildSummary({
      ...input,
      model: { ...input.model, file: hostile, task: hostile },
      judged: { result: "FAILED", gates: [{ gate: hostile, observed: null }], dataset: hostile },
    });
    expect(summary).not.toMatch(/<script|^::error|\]\(javascript/m);
    expect(summary.split("\n").filter((line) => line.startsWith("| Model | "))).toHaveLength(2);
  });

  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1 kB"],
    [999_600, "1 MB"],
    [20_412_345, "20.4 MB"],
    [2_147_483_648, "2.15 GB"],
  ])("counts %d bytes as %s", (bytes, words) => {
    expect(size(bytes)).toBe(words);
  });
});
