/**
 * Numbers of rows, in the smallest of these arrays that holds them without loss: at ten million rows a label in a byte and
 * a score in 32 bits are a third of the memory. Figures are computed in doubles, and are the same to the last bit
 * whichever array the same numbers come in.
 */
export type Numbers = Float64Array | Float32Array | Uint8Array;
