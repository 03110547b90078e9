/** Mounts for containers of zero-copy images, refusals with a reason, and roots that last as long as containers. */
import { mkdir, readdir, readlink, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { SYSTEM_STORE } from '../../src/core/nix/store-directory.ts'
import type { NriContainer } from '../../src/nri/plugin-messages.ts'
import { ZeroCopyPlugin, type ZeroCopyOptions } from '../../src/zero-copy/zero-copy-plugin.ts'
import { storePath } from '../store-path.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'

const root = storePath(`${'0'.repeat(32)}-image`)
const other = storePath(`${'5'.repeat(32)}-other`)
const image = {
  root,
  mounts: [storePath(`${'1'.repeat(32)}-a`), storePath(`${'2'.repeat(32)}-b`)],
  hasPlaces: true,
}
const withoutPlaces = { ...image, root: other, hasPlaces: false }
const digest = `sha256:${'a'.repeat(64)}`
const bareDigest = `sha256:${'d'.repeat(64)}`
const unknownDigest = `sha256:${'b'.repeat(64)}`
const label = { 'internal.pushless.zero-copy': root }
const pod = { id: 'pod', name: 'pod', namespace: 'default' }

type Facts = {
  readonly id?: string
  readonly imageDigests?: string[]
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

function container({ id = 'c1', imageDigests = [], labels = {}, annotations = {} }: Facts): NriContainer {
  return {
    id,
    pod: pod.id,
    name: 'main',
    labels: new Map(Object.entries(labels)),
    annotations: new Map(Object.entries(annotations)),
    imageDigests,
  }
}

async function plugin(scope: Scope, options: Partial<ZeroCopyOptions> & { readonly isValid?: boolean } = {}) {
  const stateDirectory = await temporaryDirectory(scope, 'state')
  const steps: string[] = []
  const known = new Map([
    [digest, image],
    [root, image],
    [bareDigest, withoutPlaces],
  ])
  const made = new ZeroCopyPlugin({
    store: {
      directory: SYSTEM_STORE,
      isValid: async () => {
        steps.push('looked for')
        return options.isValid ?? true
      },
      addRoot: async () => void steps.push('rooted'),
    },
    images: {
      find: (name) => known.get(name),
      prune: (held) => void steps.push(`pruned all but ${[...held].join(' ')}`),
    },
    stateDirectory,
    hold: async () => void steps.push('held'),
    restore: (path) => void steps.push(`restored ${path}`),
    onTrouble: (error) => void steps.push(String(error)),
    ...options,
  })
  const links = async () => {
    const names: readonly string[] = await readdir(join(stateDirectory, 'containers')).catch(() => [])
    return names.toSorted()
  }
  return { made, steps, links, stateDirectory }
}

void t.test('containers that get mounts', async (t) => {
  const rows: [facts: Facts, isOurs: boolean][] = [
    [{ imageDigests: [digest] }, true],
    [{ imageDigests: [unknownDigest, digest] }, true],
    [{ labels: label }, true],
    [{ annotations: { 'io.kubernetes.cri.image-name': `nix.internal/nix/store/x@${digest}` } }, true],
    [{ annotations: { 'io.kubernetes.cri-o.ImageRef': 'a'.repeat(64) } }, true],

    [{}, false],
    [{ labels: { 'internal.pushless.zero-copy': 'nonsense' } }, false],
    [{ imageDigests: [unknownDigest] }, false],
    [{ annotations: { 'io.kubernetes.cri.image-name': `nix.internal/nix/store/x@${unknownDigest}` } }, false],
    [{ annotations: { other: digest } }, false],
  ]
  for (const [facts, isOurs] of rows) {
    const { made } = await plugin(t)
    const mounts = await made.createContainer(container(facts), pod)
    const destinations = mounts.map(({ destination }) => destination)
    t.same(destinations, isOurs ? image.mounts : [], JSON.stringify(facts))
    const figures = isOurs ? { containers: 1, mounts: 2, roots: 1 } : { containers: 0, mounts: 0, roots: 0 }
    t.same(made.figures(), figures)
  }
})

void t.test('a mount is read-only, and the path is kept before it is looked for', async (t) => {
  const { made, steps, links, stateDirectory } = await plugin(t)
  t.match(await made.createContainer(container({ labels: label }), pod), [
    {
      source: image.mounts[0],
      destination: image.mounts[0],
      options: ['rbind', 'ro', 'rprivate', 'nosuid', 'nodev'],
    },
    { source: image.mounts[1] },
  ])
  t.same(steps, ['held', 'rooted', 'looked for'])
  t.same(await links(), ['c1'])
  t.equal(await readlink(join(stateDirectory, 'containers/c1')), root)
  await made.removeContainer('c1')
  t.same(await links(), [])
})

void t.test('places for the mounts are made in memory, unless the image has them', async (t) => {
  const { made } = await plugin(t)
  const mounts = await made.createContainer(container({ imageDigests: [bareDigest] }), pod)
  t.match(mounts, [
    { destination: '/nix/store', type: 'tmpfs', options: ['ro', 'nosuid', 'nodev', 'noexec', 'mode=755'] },
    { destination: image.mounts[0], type: 'bind' },
    { destination: image.mounts[1], type: 'bind' },
  ])
  t.match(made.figures(), { mounts: 2 }, 'store paths')
})

void t.test('refusals', async (t) => {
  const rows: [facts: Facts, options: Parameters<typeof plugin>[1], message: RegExp, restored: boolean][] = [
    [{ labels: label }, { isValid: false }, /not in this node’s store any more/, true],
    [{ labels: label, imageDigests: [unknownDigest] }, {}, /does not know the image/, true],
    [{ labels: { 'internal.pushless.zero-copy': other } }, {}, /does not know the image/, true],
    [{ labels: label }, { hold: () => Promise.reject(new Error('no Nix')) }, /cannot be kept/, false],
    [
      { labels: label },
      { hold: () => new Promise<never>(() => undefined) },
      /does not answer in time/,
      false,
    ],
    [{ labels: label, id: '../escape' }, {}, /cannot be kept/, false],
  ]
  await Promise.all(
    rows.map(async ([facts, options, message, isRestored]) => {
      const { made, steps, links } = await plugin(t, options)
      await t.rejects(made.createContainer(container(facts), pod), { name: 'CallError', message })
      t.equal(
        steps.some((step) => step.startsWith('restored')),
        isRestored,
        String(message),
      )
      t.same(await links(), [], 'nothing is kept')
      t.equal(made.figures().containers, 0)
    }),
  )
})

void t.test('what a runtime has decides what is kept', async (t) => {
  const { made, links, stateDirectory } = await plugin(t)
  await mkdir(join(stateDirectory, 'containers'))
  for (const name of ['c1', 'ended', 'c3.part']) await symlink(root, join(stateDirectory, 'containers', name))
  await made.synchronize([
    container({ id: 'c1', labels: label }),
    container({ id: 'c2', imageDigests: [digest] }),
    // Its image isn't known any more, and its label says what it has mounted.
    container({ id: 'c3', labels: { 'internal.pushless.zero-copy': other } }),
    container({ id: 'foreign' }),
  ])
  t.same(await links(), ['c1', 'c2', 'c3'])
  t.same(made.figures(), { containers: 3, mounts: 4, roots: 2 })
  await made.removePod('another pod')
  t.same(await links(), ['c1', 'c2', 'c3'])
  await made.removePod(pod.id)
  t.same(await links(), [])
})

void t.test('Nix is waited for where a link is new, and is told of the others meanwhile', async (t) => {
  const answers = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()]
  const rooted: string[] = []
  const { made, stateDirectory } = await plugin(t, {
    store: {
      directory: SYSTEM_STORE,
      isValid: async () => true,
      addRoot: async (link) => {
        rooted.push(link.slice(-2))
        await answers[rooted.length - 1]?.promise
      },
    },
  })
  await mkdir(join(stateDirectory, 'containers'))
  await symlink(root, join(stateDirectory, 'containers', 'c1'))
  await made.synchronize([container({ id: 'c1', labels: label })])
  t.same(rooted, ['c1'])
  let isDone = false
  const done = made.synchronize([container({ id: 'c2', labels: label })]).then(() => (isDone = true))
  await setTimeout(50)
  t.same([isDone, rooted], [false, ['c1', 'c2']])
  answers[1]?.resolve(undefined)
  await done
  answers[0]?.resolve(undefined)
})

void t.test('images are forgotten, and not those that containers of an earlier process have', async (t) => {
  const { made, steps, stateDirectory } = await plugin(t)
  await made.forgetUnused()
  await mkdir(join(stateDirectory, 'containers'))
  await symlink(root, join(stateDirectory, 'containers', 'c1'))
  await symlink('/elsewhere', join(stateDirectory, 'containers', 'c2'))
  await made.forgetUnused()
  t.same(steps, ['pruned all but ', `pruned all but ${root}`])
})
