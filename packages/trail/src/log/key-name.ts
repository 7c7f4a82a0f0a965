// C2SP signed-note: "non-empty, no Unicode spaces, no plus", as Go's unicode.IsSpace has it: \s of JavaScript plus
// U+0085. Control characters have no place in a note at all.
// biome-ignore lint/suspicious/noControlCharactersInRegex: the format forbids exactly these
const FORBIDDEN = /[\s+\u0000-\u001f\u0085\ufffd]/u;

/** May this text name a key, or a log? */
export const isKeyName = (name: string): boolean => name.length > 0 && !FORBIDDEN.test(name);
