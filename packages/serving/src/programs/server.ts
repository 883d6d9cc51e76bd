/** The server program: an ONNX model behind HTTP. Its environment is described in `server/settings.ts`. */
import { runServer } from "../server/run.ts";

await runServer(process.argv[1] as string);
