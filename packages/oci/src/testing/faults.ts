/** What can go wrong between a client and a registry: for the fake one, and for a proxy in front of a real one. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** Lets the request through, changed: of its body only the first bytes, then both connections break; of the answer, other
 * headers or another body. */
export type Forward = (change?: {
  cutAfterBytes?: number;
  headers?: Record<string, string>;
  body?: Uint8Array;
}) => void;

/** Whether it took the request over. */
export type Fault = (request: IncomingMessage, response: ServerResponse, forward: Forward) => boolean;

/** `METHOD /path?query` that a fault is for. */
type Match = RegExp;

export const lineOf = (request: IncomingMessage) => `${request.method} ${request.url}`;

/** The first `times` matching requests meet the fault; `met` counts them. */
export function limited(match: Match, times: number, fault: Fault): Fault & { met: number } {
  const limitedFault: Fault & { met: number } = Object.assign(
    (request: IncomingMessage, response: ServerResponse, forward: Forward) => {
      if (!match.test(lineOf(request)) || limitedFault.met >= times) return false;
      limitedFault.met++;
      return fault(request, response, forward);
    },
    { met: 0 },
  );
  return limitedFault;
}

export function answers(status: number, headers: Record<string, string> = {}, body = ""): Fault {
  return (request, response) => {
    // Read to its end, so that the client sees the answer and not a reset.
    request.resume();
    request.on("end", () => response.writeHead(status, headers).end(body));
    return true;
  };
}

/** The connection breaks after so many bytes of the request's body; the registry gets these. */
export function breaksAfter(bytes: number): Fault {
  return (_request, _response, forward) => {
    forward({ cutAfterBytes: bytes });
    return true;
  };
}

export function breaks(): Fault {
  return (request) => {
    request.socket.destroy();
    return true;
  };
}

/** The registry does what was asked, and the answer is lost. */
export function answerLost(): Fault {
  return (request, response, forward) => {
    response.end = (() => {
      request.socket.destroy();
      return response;
    }) as typeof response.end;
    forward();
    return true;
  };
}

export function delays(ms: number): Fault {
  return (_request, _response, forward) => {
    setTimeout(forward, ms);
    return true;
  };
}

/** Answers with headers, or a body, that are not the registry's. */
export function lies(change: { headers?: Record<string, string>; body?: Uint8Array }): Fault {
  return (_request, _response, forward) => {
    forward(change);
    return true;
  };
}
