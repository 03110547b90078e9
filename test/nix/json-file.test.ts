import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { build, evaluate, withoutNix } from './nix-command.ts'

// Escapes of JSON, what shells expand, white space that `read` trims, and the bytes 0x81 to 0x88 in UTF-8, which dash
// uses as marks of its own.
const awkward = [
  '\n',
  '\\',
  '\\n',
  '"',
  "'",
  '$HOME',
  '`id`',
  '%s',
  '\t',
  '  ',
  '\u0081\u0088',
  'Á',
  'é',
  '漢',
  '🙂',
  '-n',
]

void t.test('exactly the bytes of builtins.toJSON and a newline', { skip: withoutNix }, async (t) => {
  const text = awkward.join('')
  const nixText = `"${text.replaceAll(/["\\$]/g, String.raw`\$&`)}"`
  const value = `{ text = ${nixText}; list = [ 1 1.5 true null "" ]; }`
  const path = await build(
    `jsonFile { name = "it.json"; system = builtins.currentSystem; value = ${value}; }`,
  )
  t.match(path, /-it\.json$/)
  t.equal(await readFile(path, 'utf8'), `${String(await evaluate(`builtins.toJSON ${value}`))}\n`)
  t.match(JSON.parse(await readFile(path, 'utf8')), { text })
})

void t.test('more than an environment variable may hold', { skip: withoutNix }, async (t) => {
  const path = await build(
    `jsonFile { name = "large"; system = builtins.currentSystem;
       value = builtins.concatStringsSep "" (builtins.genList (_: "\${hello} 15 bytes") 20000); }`,
  )
  const text = await readFile(path, 'utf8')
  t.ok(text.length > 1024 * 1024, `${text.length} bytes`)
  t.match(text, /^"[^"]+"\n$/)
})

void t.test('in every shell that is /bin/sh somewhere', { skip: withoutNix }, async (t) => {
  const script = String(await evaluate('builtins.elemAt (some { }).args 1'))
  const directory = await mkdtemp(join(tmpdir(), 'json-file-'))
  t.teardown(async () => rm(directory, { recursive: true }))
  const json = join(directory, 'json')
  const out = join(directory, 'out')
  // 1 MiB, no newline at its end, as Nix hands it over
  const text = JSON.stringify(awkward.join('').repeat(20_000))
  await writeFile(json, text)
  await writeFile(join(directory, 'empty'), '')
  for (const [name, ...shell] of [['dash'], ['busybox', 'sh'], ['bash']] as const) {
    const found = await execa(name, [...shell, '-c', 'true'], { reject: false })
    const skip = found.failed && `no ${name} here`
    await t.test(name, { skip }, async (t) => {
      const run = async (jsonPath: string) =>
        execa(name, [...shell, '-c', script], {
          env: { jsonPath, out },
          extendEnv: false,
          reject: false,
          timeout: 25_000,
        })
      t.equal((await run(json)).exitCode, 0)
      t.ok((await readFile(out, 'utf8')) === `${text}\n`, `${text.length} characters unchanged`)
      t.not((await run(join(directory, 'empty'))).exitCode, 0, 'nothing to write is an error')
      t.not((await run(join(directory, 'missing'))).exitCode, 0, 'no file to read is an error')
    })
  }
})
