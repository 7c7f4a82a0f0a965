/** What is cut off says so; nothing that this program quotes on purpose is nearly as long. */
const MAX_CHARACTERS = 32_768;

/**
 * What a finding quotes is hostile: escape sequences drive a terminal, line breaks forge lines of the result, direction
 * marks turn text round, and a text without end buries the result. The first come out as a visible replacement.
 */
export function cleanText(text: string): string {
  const clean = text
    .slice(0, MAX_CHARACTERS)
    .replaceAll(/[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
  return text.length <= MAX_CHARACTERS ? clean : `${clean}… (${text.length} characters)`;
}
