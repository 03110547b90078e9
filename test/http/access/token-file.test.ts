import { chmod, mkdir, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { TokenFile, readToken } from '../../../src/http/access/token-file.ts'

const OLD = 'f6a1c30b9d5e47a2'
const NEW = '00112233445566ff'

const nothing = () => undefined

async function open(t: Test, content = OLD, mode = 0o600) {
  const file = join(t.testdir(), 'token')
  await writeFile(file, `${content}\n`)
  await chmod(file, mode)
  const heard: string[] = []
  const token = new TokenFile(file, {
    onChange: () => heard.push('change'),
    onTrouble: ({ message }) => heard.push(message),
    onReadableByAll: (advice) => heard.push(advice),
  })
  return { file, token, heard }
}

void t.test('a file that holds no token is refused', async (t) => {
  const file = join(t.testdir(), 'token')
  t.equal(readToken(''), undefined, 'may be absent')
  await writeFile(file, `${OLD}\n`)
  t.equal(readToken(file), OLD)
  for (const bad of ['', 'short', `${OLD} ${OLD}`]) {
    await writeFile(file, bad)
    t.throws(() => readToken(file), { kind: 'unavailable', message: new RegExp(file) }, bad)
    await t.rejects(open(t, bad), { kind: 'unavailable', message: /one word of at least 16/ }, bad)
  }
  t.throws(() => readToken(`${file}s`), { kind: 'unavailable', message: /cannot be read/ })
})

void t.test('its mode', async (t) => {
  for (const [mode, advice] of [
    [0o666, 'chmod g-w,o-rwx'],
    [0o620, 'chmod g-w '],
    [0o602, 'chmod o-rwx '],
    [0o664, 'chmod g-w,o-rwx'],
  ] as const)
    await t.rejects(
      open(t, OLD, mode),
      {
        kind: 'unavailable',
        message: new RegExp(`mode 0${mode.toString(8)} lets other users write.*${advice}`),
      },
      mode.toString(8),
    )
  for (const [mode, isWarned] of [
    [0o400, false],
    [0o600, false],
    // A Secret of Kubernetes with an fsGroup.
    [0o440, false],
    [0o640, false],
    [0o444, true],
    [0o644, true],
  ] as const) {
    const { token, heard, file } = await open(t, OLD, mode)
    t.equal(token.current(), OLD)
    t.strictSame(heard, isWarned ? [`chmod o-rwx ${file}`] : [], mode.toString(8))
  }
})

void t.test('another token counts at once, however it gets there', async (t) => {
  await t.test('rewritten', async (t) => {
    const { file, token, heard } = await open(t)
    await writeFile(file, NEW)
    t.equal(token.current(), NEW)
    t.strictSame(heard, ['change'])
  })
  await t.test('renamed', async (t) => {
    const { file, token } = await open(t)
    await writeFile(`${file}.new`, NEW, { mode: 0o600 })
    await rename(`${file}.new`, file)
    t.equal(token.current(), NEW)
  })
  await t.test('by a link to another directory, as Kubernetes does', async (t) => {
    const directory = t.testdir()
    for (const [name, content] of [
      ['..1', OLD],
      ['..2', NEW],
    ] as const) {
      await mkdir(join(directory, name))
      await writeFile(join(directory, name, 'token'), content, { mode: 0o440 })
    }
    await symlink('..1', join(directory, '..data'))
    await symlink('..data/token', join(directory, 'token'))
    const token = new TokenFile(join(directory, 'token'), {
      onChange: nothing,
      onTrouble: nothing,
      onReadableByAll: nothing,
    })
    t.equal(token.current(), OLD)
    await symlink('..2', join(directory, '..data_tmp'))
    await rename(join(directory, '..data_tmp'), join(directory, '..data'))
    t.equal(token.current(), NEW)
  })
})

void t.test('while the file is wrong, the last good token stays, and it is said once', async (t) => {
  const { file, token, heard } = await open(t)
  for (const [change, message] of [
    [async () => writeFile(file, ''), /one word of at least 16/],
    [async () => unlink(file), /cannot be read/],
    [async () => writeFile(file, NEW, { mode: 0o600 }).then(async () => chmod(file, 0o666)), /chmod/],
    [async () => rm(file).then(async () => mkdir(file)), /cannot be read/],
  ] as const) {
    await change()
    for (const _ of [1, 2, 3]) t.equal(token.current(), OLD)
    t.equal(heard.length, 1)
    t.match(heard.pop(), message)
  }
  await rm(file, { recursive: true })
  await writeFile(file, NEW, { mode: 0o600 })
  t.equal(token.current(), NEW, 'and a good one counts again')
})
