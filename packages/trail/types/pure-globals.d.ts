// All that this package may take from its surroundings. The build has neither the DOM's nor Node's types, so a
// clock, randomness source, file, socket or console does not compile: trail runs alike in a browser and anywhere.
declare class TextEncoder {
  encode(text: string): Uint8Array;
}
declare class TextDecoder {
  constructor(label: 'utf-8', options: { readonly fatal: true; readonly ignoreBOM: true });
  decode(bytes: Uint8Array): string;
}
declare function atob(base64: string): string;
declare function btoa(binary: string): string;
