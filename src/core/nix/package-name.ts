/** The name and version of a package, as Nix splits them (`DrvName` of libexpr; Nix manual, `builtins.parseDrvName`). */
export type PackageName = { readonly name: string; readonly version: string | undefined }

/** The version begins behind the first hyphen that no letter follows: `gtk+3-3.24`, `hello-2.12`. */
const VERSION = /-(?=[^A-Za-z])(.*)$/s

export function splitPackageName(text: string): PackageName {
  const found = VERSION.exec(text)
  if (found === null) return { name: text, version: undefined }
  return { name: text.slice(0, found.index), version: found[1] }
}
