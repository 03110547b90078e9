/** A chroot of another Debian is made once, whole or not at all; and what runs in it leaves no trace, on it or on the machine. */
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { execa } from 'execa'
import { debianRoot, inRoot, missingDebianRoot } from './debian-root.ts'
import { missing } from './requirement.ts'
import { temporaryDirectory } from './scope.ts'

void t.test('programs of Debian trixie', { skip: await missingDebianRoot('trixie') }, async (t) => {
  const root = await debianRoot('trixie')
  const shared = await temporaryDirectory(t, 'shared')
  const script = 'cat /etc/debian_version; echo $$; env; echo seen > /mnt/file; echo lost > /run/lost'
  const [file, ...args] = inRoot(root, ['sh', '-c', script], { binds: { '/mnt': shared }, env: { A: 'b c' } })
  const running = execa(file, args)
  const [version, pid, ...environment] = (await running).stdout.split('\n')

  t.match(version, /^13/)
  t.equal(Number(pid), running.pid, 'have the process id that was started')
  t.same(
    environment.filter((line) => !/^(?:PWD|SHLVL|_)=/.test(line)).toSorted(),
    ['A=b c', 'HOME=/root', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
    'and no other environment than they are given',
  )
  t.equal(await readFile(join(shared, 'file'), 'utf8'), 'seen\n')
  t.notOk((await readdir(join(root, 'run'))).includes('lost'))
  const mounts = await readFile('/proc/self/mounts', 'utf8')
  t.notOk(mounts.includes(` ${root}/`), 'nothing is left mounted')
})

void t.test('the making of a root', { skip: missing('root', 'debootstrap') }, async (t) => {
  await t.test('happens once, whoever asks at once', async (t) => {
    const { cache, log } = await fakeDebootstrap(t, 'mkdir -p "$4/var/cache/apt" "$4/bin"; sleep 0.3')
    const roots = await Promise.all([debianRoot('sid'), debianRoot('sid')])
    t.equal(roots[0], roots[1])
    t.equal(await debianRoot('sid'), roots[0])
    t.match(await readFile(log, 'utf8'), /^--variant=minbase --include=containerd,runc sid \S+\n$/)
    t.same(await readdir(roots[0]), ['bin', 'var'])
    t.same(await readdir(join(roots[0], 'var/cache')), [], 'without what only apt needs')
    t.equal((await readdir(cache)).filter((name) => name.includes('.part-')).length, 0)
  })

  await t.test('leaves nothing when it fails, says why, and is tried again', async (t) => {
    const { cache, log } = await fakeDebootstrap(t, 'mkdir "$4/half"; exit 4')
    for (let i = 0; i < 2; i++)
      t.match(await missingDebianRoot('sid'), /^needs a chroot of Debian sid: .*exit code 4/)
    t.same(
      (await readdir(cache)).filter((name) => !name.endsWith('.lock')),
      [],
    )
    t.equal((await readFile(log, 'utf8')).split('\n').length - 1, 2)
  })
})

/** A debootstrap that logs its arguments and does this instead, with a cache that is empty. */
async function fakeDebootstrap(
  t: Test,
  script: string,
): Promise<{ readonly cache: string; readonly log: string }> {
  const directory = await temporaryDirectory(t, 'debootstrap')
  const log = join(directory, 'log')
  const fake = join(directory, 'bin/debootstrap')
  await mkdir(join(directory, 'bin'))
  await writeFile(fake, `#!/bin/sh\necho "$@" >> ${log}\n${script}\n`)
  await chmod(fake, 0o755)
  const { PATH, XDG_CACHE_HOME } = process.env
  t.teardown(() => {
    process.env['PATH'] = PATH
    if (XDG_CACHE_HOME === undefined) delete process.env['XDG_CACHE_HOME']
    else process.env['XDG_CACHE_HOME'] = XDG_CACHE_HOME
  })
  process.env['PATH'] = `${directory}/bin:${PATH}`
  process.env['XDG_CACHE_HOME'] = directory
  return { cache: join(directory, 'pushless'), log }
}
