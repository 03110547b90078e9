/**
 * The database of the Nix store inside an image, so that a Nix that runs in it knows what the image brings.
 *
 * Only what is the same on every machine that has the paths: no derivers, signatures or "built here", since these
 * depend on where a path came from, and the image's digest must not. Times are Nix's first second.
 * Schema: `schema.sql` of Nix, version 10, the same in Nix 2.0 to 2.31 and Lix.
 */
import { asByteString } from '../../core/byte-string.ts'
import type { LayerEntry } from '../../core/tar/segment.ts'
import { sqliteFile, type SqliteObject } from '../../core/sqlite/sqlite-file.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import { STORE_DIRECTORIES } from '../../layer/walk.ts'
import type { ClosurePath } from '../../store/store.ts'

const SCHEMA_VERSION = '10'
const REGISTRATION_TIME = 1
const SQL = {
  validPaths: `CREATE TABLE ValidPaths (
    id               integer primary key autoincrement not null,
    path             text unique not null,
    hash             text not null,
    registrationTime integer not null,
    deriver          text,
    narSize          integer,
    ultimate         integer,
    sigs             text,
    ca               text
)`,
  refs: `CREATE TABLE Refs (
    referrer  integer not null,
    reference integer not null,
    primary key (referrer, reference),
    foreign key (referrer) references ValidPaths(id) on delete cascade,
    foreign key (reference) references ValidPaths(id) on delete restrict
)`,
  deleteSelfRefs: `CREATE TRIGGER DeleteSelfRefs before delete on ValidPaths
  begin
    delete from Refs where referrer = old.id and reference = old.id;
  end`,
  derivationOutputs: `CREATE TABLE DerivationOutputs (
    drv  integer not null,
    id   text not null,
    path text not null,
    primary key (drv, id),
    foreign key (drv) references ValidPaths(id) on delete cascade
)`,
} as const

/**
 * @param closure what Nix says of every path, at least of those in the image.
 * @param paths that are in the image. One that needs a path which isn't there is no valid path, and left out.
 * @returns a layer's entries: the database, and a root for each path that no other needs, so that collecting garbage
 *   in the container takes nothing of the image.
 */
export function nixDatabaseEntries(
  closure: readonly ClosurePath[],
  paths: ReadonlySet<StorePath>,
): readonly LayerEntry[] {
  const valid = validPaths(closure, paths)
  const needed = new Set(
    valid.flatMap(({ path, references }) => references.filter((reference) => reference !== path)),
  )
  const roots = valid.filter(({ path }) => !needed.has(path))
  return [
    ...STORE_DIRECTORIES,
    directory('nix/var'),
    directory('nix/var/nix'),
    directory('nix/var/nix/db'),
    file('nix/var/nix/db/db.sqlite', nixDatabase(valid)),
    file('nix/var/nix/db/schema', Buffer.from(SCHEMA_VERSION)),
    directory('nix/var/nix/gcroots'),
    directory('nix/var/nix/gcroots/image'),
    ...roots.map(({ path }): LayerEntry => ({
      kind: 'symlink',
      name: asByteString(`nix/var/nix/gcroots/image/${path.slice('/nix/store/'.length)}`),
      target: path,
    })),
  ]
}

/** Sorted, and closed: everything that one refers to is there. */
function validPaths(closure: readonly ClosurePath[], paths: ReadonlySet<StorePath>): readonly ClosurePath[] {
  let valid = closure.filter(({ path }) => paths.has(path)).sort((a, b) => (a.path < b.path ? -1 : 1))
  for (;;) {
    const there = new Set(valid.map(({ path }) => path))
    const closed = valid.filter(({ references }) => references.every((reference) => there.has(reference)))
    if (closed.length === valid.length) return valid
    valid = closed
  }
}

function nixDatabase(paths: readonly ClosurePath[]): Uint8Array {
  const ids = new Map(paths.map(({ path }, i) => [path, i + 1]))
  const refs = paths.flatMap(({ references }, i) =>
    references
      .flatMap((reference) => ids.get(reference) ?? [])
      .sort((a, b) => a - b)
      .map((reference) => [i + 1, reference] as const),
  )
  const numbered = refs.map(([referrer, reference], i) => ({ referrer, reference, rowid: i + 1 }))
  const byReference = numbered.toSorted((a, b) => a.reference - b.reference || a.rowid - b.rowid)
  return sqliteFile([
    {
      type: 'table',
      name: 'ValidPaths',
      sql: SQL.validPaths,
      rows: paths.map(({ path, narHash, narSize, contentAddress }) => [
        null,
        path,
        `sha256:${narHash}`,
        REGISTRATION_TIME,
        null,
        narSize,
        null,
        null,
        contentAddress === '' ? null : contentAddress,
      ]),
    },
    index(
      'sqlite_autoindex_ValidPaths_1',
      'ValidPaths',
      paths.map(({ path }, i) => [path, i + 1]),
    ),
    {
      type: 'table',
      name: 'sqlite_sequence',
      sql: 'CREATE TABLE sqlite_sequence(name,seq)',
      rows: paths.length === 0 ? [] : [['ValidPaths', paths.length]],
    },
    { type: 'table', name: 'Refs', sql: SQL.refs, rows: refs },
    index(
      'sqlite_autoindex_Refs_1',
      'Refs',
      numbered.map(({ referrer, reference, rowid }) => [referrer, reference, rowid]),
    ),
    index(
      'IndexReferrer',
      'Refs',
      numbered.map(({ referrer, rowid }) => [referrer, rowid]),
      'CREATE INDEX IndexReferrer on Refs(referrer)',
    ),
    index(
      'IndexReference',
      'Refs',
      byReference.map(({ reference, rowid }) => [reference, rowid]),
      'CREATE INDEX IndexReference on Refs(reference)',
    ),
    { type: 'trigger', name: 'DeleteSelfRefs', table: 'ValidPaths', sql: SQL.deleteSelfRefs },
    { type: 'table', name: 'DerivationOutputs', sql: SQL.derivationOutputs, rows: [] },
    index('sqlite_autoindex_DerivationOutputs_1', 'DerivationOutputs', []),
    index(
      'IndexDerivationOutputs',
      'DerivationOutputs',
      [],
      'CREATE INDEX IndexDerivationOutputs on DerivationOutputs(path)',
    ),
  ])
}

function index(
  name: string,
  table: string,
  rows: readonly (readonly (string | number)[])[],
  sql?: string,
): SqliteObject {
  return { type: 'index', name, table, sql, rows }
}

function directory(name: string): LayerEntry {
  return { kind: 'directory', name: asByteString(name), mode: 0o755 }
}

function file(name: string, content: Uint8Array): LayerEntry {
  return { kind: 'file', name: asByteString(name), mode: 0o644, size: content.length, content }
}
