/** nixfmt never splits a string or a comment, so this limit is kept by hand. */
import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { root } from './nix-command.ts'

const MAX_LENGTH = 120

void t.test(`no line of a Nix file is longer than ${MAX_LENGTH} characters`, async (t) => {
  const long: string[] = []
  let count = 0
  for await (const file of glob('{nix,manifests,examples}/**/*.nix', { cwd: root })) {
    count += 1
    const lines = (await readFile(join(root, file), 'utf8')).split('\n')
    for (const [at, line] of lines.entries())
      if (line.length > MAX_LENGTH) long.push(`${file}:${at + 1} has ${line.length}`)
  }
  t.ok(count > 100, 'the files are found')
  t.strictSame(long, [])
})
