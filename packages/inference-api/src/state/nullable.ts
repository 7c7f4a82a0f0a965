/** A field for a column that may be NULL: absent where it is, so that no reader meets a null. */
export const optional = <K extends string, T>(key: K, value: unknown, read: (value: unknown) => T) =>
  (value === null ? {} : { [key]: read(value) }) as { readonly [P in K]?: T };

export const toBytes = (value: unknown): Uint8Array => value as Uint8Array;
