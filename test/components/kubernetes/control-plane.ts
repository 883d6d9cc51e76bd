/** etcd, the API server, the controller manager and the scheduler, real ones, without a node. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Daemons } from "../daemons.ts";
import { goProgram } from "../go-program.ts";
import { kubectl } from "./kubectl.ts";

/** Who may speak to the API server, by which groups. */
const users = {
  admin: ["system:masters"],
  "system:kube-controller-manager": [],
  "system:kube-scheduler": [],
  "system:kube-proxy": [],
  "system:node:lab": ["system:nodes"],
} as const satisfies Record<string, readonly string[]>;

export type User = keyof typeof users;

export interface ControlPlaneOptions {
  /** Holds everything of it; its base name is that of the control groups. */
  directory: string;
  /** Where etcd and the managers listen, that no other control plane of this machine has: of 127.0.0.0/8. */
  privateAddress: string;
  /** Where the API server listens: pods must reach it. */
  address: string;
  serverFlags?: readonly string[];
}

export const programs = [
  ...["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"],
  ...["kubelet", "kube-proxy", "kubectl", "coredns"],
] as const;

export const clusterNetwork = {
  pods: "10.244.0.0/24",
  services: "10.96.0.0/16",
  firstService: "10.96.0.1",
  domain: "cluster.local",
} as const;

const port = 6443;

export class ControlPlane {
  readonly daemons: Daemons;
  readonly server: string;
  readonly privateAddress: string;
  readonly #options: ControlPlaneOptions;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    this.daemons = new Daemons(options.directory);
    this.privateAddress = options.privateAddress;
    this.server = `https://${options.address}:${port}`;
  }

  /** Starts what does not run; resolves when the API answers that it is ready. */
  async start(): Promise<void> {
    await this.#prepare();
    await this.startEtcd();
    await this.startServer();
    await this.#startManagers();
  }

  async startEtcd(): Promise<void> {
    const [client, peer] = [this.#etcd(), `http://${this.privateAddress}:2380`];
    await this.daemons.start("etcd", [
      this.program("etcd"),
      ...["--name=lab", `--data-dir=${this.#path("etcd")}`, "--unsafe-no-fsync", "--log-level=warn"],
      ...[`--listen-client-urls=${client}`, `--advertise-client-urls=${client}`],
      ...[`--listen-peer-urls=${peer}`, `--initial-advertise-peer-urls=${peer}`],
      `--initial-cluster=lab=${peer}`,
    ]);
    await this.daemons.until("etcd", async () => (await fetch(`${client}/health`)).ok);
  }

  async startServer(): Promise<void> {
    const { address, serverFlags = [] } = this.#options;
    await this.daemons.start("kube-apiserver", [
      this.program("kube-apiserver"),
      ...[`--etcd-servers=${this.#etcd()}`, `--cert-dir=${this.#path("certificates")}`],
      ...[`--bind-address=${address}`, `--advertise-address=${address}`, `--secure-port=${port}`],
      ...[`--service-cluster-ip-range=${clusterNetwork.services}`, "--allow-privileged"],
      ...[`--token-auth-file=${this.#path("tokens.csv")}`, "--authorization-mode=Node,RBAC"],
      ...["--service-account-issuer=https://kubernetes.default.svc", "--profiling=false"],
      `--service-account-key-file=${this.#path("service-accounts.pub")}`,
      `--service-account-signing-key-file=${this.#path("service-accounts.key")}`,
      "--kubelet-preferred-address-types=InternalIP",
      ...serverFlags,
    ]);
    const ready = async () => (await this.kubectl(["get", "--raw", "/readyz"])) === "ok";
    await this.daemons.until("kube-apiserver", async () => {
      await this.#writeKubeconfigs();
      return ready();
    });
  }

  async #startManagers(): Promise<void> {
    const common = (user: User) => [
      ...[`--kubeconfig=${this.kubeconfig(user)}`, `--bind-address=${this.privateAddress}`],
      ...["--leader-elect=false", "--profiling=false"],
    ];
    await this.daemons.start("kube-controller-manager", [
      this.program("kube-controller-manager"),
      ...common("system:kube-controller-manager"),
      ...["--use-service-account-credentials", "--concurrent-gc-syncs=5"],
      ...["--allocate-node-cidrs", `--cluster-cidr=${clusterNetwork.pods}`, "--node-cidr-mask-size=24"],
      `--service-account-private-key-file=${this.#path("service-accounts.key")}`,
      `--root-ca-file=${this.certificate}`,
      // Its default is a folder of the machine's, which it would make.
      `--flex-volume-plugin-dir=${this.#path("volume-plugins")}`,
      // A machine under load answers late, and is no node that is gone.
      "--node-monitor-grace-period=5m",
    ]);
    await this.daemons.start("kube-scheduler", [
      this.program("kube-scheduler"),
      ...common("system:kube-scheduler"),
    ]);
  }

  /** As the administrator. */
  async kubectl(args: readonly string[], stdin = ""): Promise<string> {
    return kubectl(this.program("kubectl"), this.kubeconfig("admin"), args, stdin);
  }

  program(name: (typeof programs)[number]): string {
    return this.#path("bin", name);
  }

  /** The API server's own, which vouches for itself. */
  get certificate(): string {
    return this.#path("certificates", "apiserver.crt");
  }

  kubeconfig(user: User): string {
    return user === "admin" ? this.#path("kubeconfig") : this.#path("kubeconfigs", user.replaceAll(":", "-"));
  }

  #etcd(): string {
    return `http://${this.privateAddress}:2379`;
  }

  #path(...names: string[]): string {
    return join(this.#options.directory, ...names);
  }

  async #prepare(): Promise<void> {
    const folders = ["bin", "certificates", "kubeconfigs"].map((name) => this.#path(name));
    await Promise.all(folders.map((folder) => mkdir(folder, { recursive: true, mode: 0o700 })));
    const built = await goProgram("kubernetes");
    for (const name of programs) {
      if ((await readlink(this.program(name)).catch(() => null)) === built) continue;
      await rm(this.program(name), { force: true });
      await symlink(built, this.program(name));
    }
    if (existsSync(this.#path("tokens.csv"))) return;
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const secret = { mode: 0o600 };
    await writeFile(
      this.#path("service-accounts.key"),
      privateKey.export({ type: "pkcs8", format: "pem" }),
      secret,
    );
    await writeFile(
      this.#path("service-accounts.pub"),
      publicKey.export({ type: "spki", format: "pem" }),
      secret,
    );
    const lines = Object.entries(users).map(
      ([user, groups]) => `${randomBytes(16).toString("hex")},${user},${user},"${groups.join(",")}"\n`,
    );
    // Last: with it the rest is complete.
    await writeFile(this.#path("tokens.csv"), lines.join(""), secret);
  }

  /** The server writes its certificate when it starts for the first time. */
  async #writeKubeconfigs(): Promise<void> {
    const certificate = await readFile(this.certificate, "base64");
    const tokens = (await readFile(this.#path("tokens.csv"), "utf8")).split("\n");
    for (const user of Object.keys(users) as User[]) {
      const token = tokens.find((line) => line.split(",")[1] === user)?.split(",")[0];
      const config = {
        apiVersion: "v1",
        kind: "Config",
        "current-context": "ml-actions-lab",
        clusters: [
          { name: "lab", cluster: { server: this.server, "certificate-authority-data": certificate } },
        ],
        users: [{ name: user, user: { token } }],
        contexts: [{ name: "ml-actions-lab", context: { cluster: "lab", user, namespace: "default" } }],
      };
      // YAML holds JSON.
      await writeFile(this.kubeconfig(user), JSON.stringify(config, null, 2), { mode: 0o600 });
      await chmod(this.kubeconfig(user), 0o600);
    }
  }
}
