import t from 'tap'
import { describePlace } from '../../../src/kubernetes/references/place.ts'
import { findReferences, mergeReferences } from '../../../src/kubernetes/references/image-references.ts'

const HASHES = ['aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56', '5kj3i7kj8yh7q6mfxr3ndxw5kxkalhix']
const [A, B] = HASHES.map((hash, i) => `nix.internal/nix/store/${hash}-${'ab'[i]}:nix`) as [string, string]
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`
const untagged = (name: string) => name.replace(/:nix$/, '')

type Expected = {
  /** Names with their places, each `object path`. */
  readonly images?: Readonly<Record<string, readonly string[]>>
  readonly foreign?: readonly string[]
  readonly malformed?: readonly string[]
}

function found(text: string, hosts: readonly string[] = []) {
  const { images, foreign, malformed } = findReferences(text, { source: 'x.yaml', hosts })
  return {
    images: Object.fromEntries(
      images.map(({ name, places }) => [
        name,
        places.map(({ document, object, path }) => `${document} ${object ?? '-'} ${path}`),
      ]),
    ),
    foreign,
    malformed: malformed.map(({ name }) => name),
  }
}

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      initContainers:
        - {name: migrate, image: "${B}"}
      containers:
        - name: web
          image: ${A} # image: ${B}
        - name: proxy
          image: docker.io/library/nginx:1.27
        - name: also
          image: docker.io/library/nginx:1.27
`

const CASES: Readonly<Record<string, readonly [string, Expected]>> = {
  'a Deployment, with containers before it and of others': [
    DEPLOYMENT,
    {
      images: {
        [B]: ['1 Deployment/web spec.template.spec.initContainers[0].image'],
        [A]: ['1 Deployment/web spec.template.spec.containers[0].image'],
      },
      foreign: ['docker.io/library/nginx:1.27'],
    },
  ],
  'several documents, of which the second has no name': [
    `${DEPLOYMENT}---\nkind: Pod\nmetadata: {generateName: job-}\nspec: {containers: [{image: '${A}'}]}\n---\nimage: ${A}`,
    {
      images: {
        [B]: ['1 Deployment/web spec.template.spec.initContainers[0].image'],
        [A]: [
          '1 Deployment/web spec.template.spec.containers[0].image',
          '2 Pod/job- spec.containers[0].image',
          '3 - image',
        ],
      },
      foreign: ['docker.io/library/nginx:1.27'],
    },
  ],
  'a CronJob': [
    `{kind: CronJob, metadata: {name: night}, spec: {jobTemplate: {spec: {template: {spec: {containers: [{image: '${A}'}]}}}}}}`,
    { images: { [A]: ['1 CronJob/night spec.jobTemplate.spec.template.spec.containers[0].image'] } },
  ],
  'a List, in JSON': [
    JSON.stringify({
      kind: 'List',
      items: [A, B].map((image, i) => ({
        kind: 'Pod',
        metadata: { name: `pod-${i}` },
        spec: { containers: [{ image }] },
      })),
    }),
    {
      images: {
        [A]: ['1 Pod/pod-0 items[0].spec.containers[0].image'],
        [B]: ['1 Pod/pod-1 items[1].spec.containers[0].image'],
      },
    },
  ],
  'ephemeral containers and image volumes': [
    `kind: Pod\nspec:\n  ephemeralContainers: [{image: '${A}'}]\n  volumes: [{image: {reference: '${B}', pullPolicy: IfNotPresent}}]`,
    {
      images: {
        [A]: ['1 - spec.ephemeralContainers[0].image'],
        [B]: ['1 - spec.volumes[0].image.reference'],
      },
    },
  ],
  'custom resources, whatever their fields are called': [
    `kind: Cluster\nmetadata: {name: db}\nspec:\n  imageName: ${A}\n  "odd key":\n    - - ${B}\n  imageCatalogRef: {name: x}`,
    { images: { [A]: ['1 Cluster/db spec.imageName'], [B]: ['1 Cluster/db spec["odd key"][0][0]'] } },
  ],
  'arguments and environments of operators': [
    `args: ["--sidecar-image=${A}"]\nenv: [{name: IMAGE, value: '${B}'}]`,
    { images: { [A]: ['1 - args[0]'], [B]: ['1 - env[0].value'] } },
  ],
  'Kustomize’s images': [
    `kind: Kustomization\nimages:\n  - {name: web, newName: '${untagged(A)}', newTag: nix}\n  - {name: '${untagged(B)}', newTag: 1.10}\n  - {name: nginx, newTag: '1.27'}\n  - {name: web, newName: '${untagged(A)}', digest: '${DIGEST}'}`,
    {
      images: {
        [A]: ['1 - images[0].newName'],
        [`${untagged(B)}:1.10`]: ['1 - images[1].name'],
        [`${untagged(A)}@${DIGEST}`]: ['1 - images[3].newName'],
      },
      foreign: ['nginx:1.27'],
    },
  ],
  'Helm’s values': [
    `image: {repository: '${untagged(A)}', tag: nix, pullPolicy: Always}\nsidecar:\n  image: {registry: nix.internal, repository: '${untagged(B).replace('nix.internal/', '')}', tag: nix}\nproxyImage: {registry: quay.io, repository: org/proxy, tag: v1}\nrepository: https://example.com`,
    {
      images: { [A]: ['1 - image.repository'], [B]: ['1 - sidecar.image.repository'] },
      foreign: ['quay.io/org/proxy:v1'],
    },
  ],
  'anchors and aliases': [
    `base: &base {image: &image '${A}'}\nother: *base\nagain: {image: *image}`,
    { images: { [A]: ['1 - base.image', '1 - again.image'] } },
  ],
  'only comments and prose': [`# image: ${A}\ntext: |\n  run ${A} please\nimage: ""\n`, {}],
  'no tag, and a digest': [
    `image: ${untagged(A)}\nother: ${A}@${DIGEST}`,
    {
      images: { [`${untagged(A)}:latest`]: ['1 - image'], [`${untagged(A)}@${DIGEST}`]: ['1 - other'] },
    },
  ],
  'what our host can’t serve': [
    `image: nix.internal//nix/store/${HASHES[0]}-a\nother: {image: nix.internal/nginx}\nthird: {image: nix.internal/nix/store/short-a}\nurl: nix.internal/healthz\nfile: nix.internal/nix/store/${HASHES[0]}-a/bin/a`,
    {
      malformed: [
        `nix.internal//nix/store/${HASHES[0]}-a`,
        'nix.internal/nginx',
        'nix.internal/nix/store/short-a',
      ],
    },
  ],
  nothing: ['', {}],
}

void t.test('references in manifests', async (t) => {
  for (const [name, [text, { images = {}, foreign = [], malformed = [] }]] of Object.entries(CASES)) {
    t.strictSame(found(text), { images, foreign, malformed }, name)
  }
})

void t.test('hosts beside our own', async (t) => {
  const elsewhere = A.replace('nix.internal', 'registry.example:5000')
  const text = `image: ${elsewhere}`
  t.strictSame(found(text).foreign, [elsewhere])
  t.strictSame(Object.keys(found(text, ['registry.example:5000']).images), [elsewhere])
  t.strictSame(Object.keys(found(`image: ${A}`, ['registry.example:5000']).images), [A])
})

void t.test('in order, each once, also of several files', async (t) => {
  const one = findReferences(`a: ${B}\nb: ${A}\nc: ${B}\nimage: x`, { source: 'one.yaml' })
  const two = findReferences(`image: ${A}\nmore: {image: y}\nlast: {image: x}`, { source: 'two.yaml' })
  const { images, foreign } = mergeReferences([one, two])
  t.strictSame(
    images.map(({ name }) => name),
    [B, A],
  )
  t.strictSame(foreign, ['x', 'y'])
  t.strictSame(images[1]?.places.map(describePlace), [
    'one.yaml, document 1, b',
    'two.yaml, document 1, image',
  ])
})

const deep = (levels: number) => `${'{"a":'.repeat(levels)}"${A}"${'}'.repeat(levels)}`

void t.test('the same text gives the same answer, however deep', async (t) => {
  t.equal(Object.keys(found(deep(400)).images).length, 1)
  t.throws(() => found(deep(100_000)), { kind: 'manifest-invalid', message: /nested too deeply/ })
})
