/** Reads `spec.source` of a DeliveryProfile: exactly one of the ways to name objects. */
import { fieldAt, textAt } from '../../core/json-fields.ts'
import { isObject, type Json } from '../../core/json.ts'
import { isDerivationPath, parseStorePath, type StorePath } from '../../core/nix/store-path.ts'

export type ProfileSource =
  | { readonly kind: 'store-path'; readonly path: StorePath }
  | { readonly kind: 'derivation'; readonly derivation: StorePath; readonly output: string }
  /** The fields of app.yaml. */
  | { readonly kind: 'app'; readonly app: { readonly [key: string]: Json } }
  | { readonly kind: 'catalogue'; readonly name: string; readonly version: string; readonly values: Json }

const FIELDS = ['storePath', 'derivation', 'app', 'catalogue'] as const

/** @returns the source, or a message about what is wrong. */
export function readSource(source: Json | undefined): ProfileSource | string {
  const given = FIELDS.filter((field) => fieldAt(source, field) !== undefined)
  const [field] = given
  if (field === undefined || given.length > 1)
    return `spec.source: expected exactly one of ${FIELDS.join(', ')}, but there is ${given.join(' and ') || 'none'}`
  switch (field) {
    case 'storePath':
      return readStorePath(textAt(source, field) ?? '')
    case 'derivation':
      return readDerivation(textAt(source, field) ?? '')
    case 'app': {
      const app = fieldAt(source, field)
      return isObject(app) ? { kind: 'app', app } : 'spec.source.app: expected the fields of app.yaml'
    }
    case 'catalogue': {
      const [name, version] = [textAt(source, field, 'name'), textAt(source, field, 'version')]
      if (name === undefined || version === undefined)
        return 'spec.source.catalogue: expected a name and a version'
      return { kind: 'catalogue', name, version, values: fieldAt(source, field, 'values') ?? {} }
    }
  }
}

function readStorePath(text: string): ProfileSource | string {
  const path = parseStorePath(text)
  if (path === undefined)
    return `spec.source.storePath: ${JSON.stringify(text)} is no store path: expected /nix/store/<hash>-<name>`
  if (isDerivationPath(path))
    return `spec.source.storePath: ${text} is a derivation: name it by spec.source.derivation`
  return { kind: 'store-path', path }
}

/** `/nix/store/<hash>-<name>.drv`, perhaps with `!<output>` or `^<output>`. */
function readDerivation(text: string): ProfileSource | string {
  const [, name = '', output = 'out'] = /^([^!^]*)(?:[!^]([A-Za-z0-9_.-]+))?$/.exec(text) ?? []
  const derivation = parseStorePath(name)
  if (derivation === undefined || !isDerivationPath(derivation))
    return `spec.source.derivation: ${JSON.stringify(text)} is no derivation: expected /nix/store/<hash>-<name>.drv`
  return { kind: 'derivation', derivation, output }
}
