import t from 'tap'
import { rewriteManifests } from '../../../src/kubernetes/rewrite/rewrite.ts'
import { parseImageMap } from '../../../src/kubernetes/rewrite/rewrite-map.ts'

const WEB = `nix.internal/nix/store/${'1'.repeat(32)}-web:nix`
const REDIS = `nix.internal/nix/store/${'2'.repeat(32)}-redis:nix`
const MAP = {
  'ghcr.io/x/web:1': { reference: WEB, storePath: `/nix/store/${'1'.repeat(32)}-web`, derivation: null },
  redis: REDIS,
}

function rewrite(
  text: string | readonly string[],
  { allow = [] as readonly string[], hosts = [] as readonly string[], map = MAP } = {},
) {
  const texts = typeof text === 'string' ? [text] : text
  return rewriteManifests(
    texts.map((one, i) => ({ source: `${i}.yaml`, text: one })),
    { images: parseImageMap(JSON.stringify(map), 'map.json'), allow, hosts, kubernetesVersion: '1.34' },
  )
}

/** Of an object whose `spec` is given: its text before and after. */
const thing = (spec: string) => `apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: t}\nspec:\n${spec}`
const spec = (text: string, options = {}) =>
  rewrite(thing(text), options).objects[0]?.text.slice(thing('').length)

const pod = (name: string) => `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\n`
const unmapped = (field: string, image: string) =>
  `0.yaml, document 1, Thing/t, ${field}: ${image} isn’t in the map of images: expected an entry for it, or a pattern that allows it`

void t.test('only names of images change', (t) => {
  const text = `# Source: web.yaml
apiVersion: apps/v1   # spaced
kind: Deployment
metadata: {name: web, labels: {app: redis}}
spec:
  template:
    spec:
      initContainers: [{name: redis, image: 'redis:7'}]
      containers:
        # the web server
        - name: web
          image: ghcr.io/x/web:1 # said
          args: [ --sidecar-image=redis:7, --name=redis, "ghcr.io/x/web:1" ]
          env:
            - {name: RELATED_IMAGE_WEB, value: "ghcr.io/x/web:1"}
            - {name: MODE, value: yes}
            - name: text
              value: |
                image: redis
`
  const expected = text
    .replaceAll('ghcr.io/x/web:1', WEB)
    .replace("'redis:7'", `'${REDIS}'`)
    .replace('redis:7,', `${REDIS},`)
  const { objects, others, warnings } = rewrite(text)
  t.same(objects, [{ name: '50-deployment-web.yaml', text: expected }])
  t.same(warnings, [])
  const record = JSON.parse(others[1]?.text ?? '') as { images: { field: string }[] }
  t.match(record, {
    file: '50-deployment-web.yaml',
    kubernetesVersion: '1.34',
    object: 'apps/v1 Deployment /web',
  })
  t.same(record.images.slice(0, 2), [
    {
      derivation: null,
      field: 'spec.template.spec.initContainers[0].image',
      reference: REDIS,
      storePath: null,
    },
    {
      derivation: null,
      field: 'spec.template.spec.containers[0].image',
      reference: WEB,
      storePath: `/nix/store/${'1'.repeat(32)}-web`,
    },
  ])
  t.end()
})

void t.test('however it is written', (t) => {
  const cases: Record<string, readonly [before: string, after: string]> = {
    'a folded scalar': ['  image: >-\n    redis\n  a: 1\n', `  image: ${REDIS}\n  a: 1\n`],
    'an anchor and its alias': [
      '  image: &i redis\n  b: {image: *i}\n',
      `  image: &i ${REDIS}\n  b: {image: ${REDIS}}\n`,
    ],
    'an alias of other text': ['  a: &i redis\n  image: *i\n', `  a: &i redis\n  image: ${REDIS}\n`],
    'a key that says image': ['  sidecarImage: redis\n', `  sidecarImage: ${REDIS}\n`],
    'in parts': [
      '  image: {repository: ghcr.io/x/web, tag: "1"}\n',
      `  image: {repository: ${WEB.slice(0, -4)}, tag: "nix"}\n`,
    ],
    'in parts with a registry': [
      '  image:\n    registry: ghcr.io\n    repository: x/web\n    tag: 1\n',
      `  image:\n    registry: nix.internal\n    repository: ${WEB.slice('nix.internal/'.length, -4)}\n    tag: nix\n`,
    ],
    'an image that is a volume': [
      '  volumes: [{name: v, image: {reference: redis, pullPolicy: Always}}]\n',
      `  volumes: [{name: v, image: {reference: ${REDIS}, pullPolicy: Always}}]\n`,
    ],
    'of ours already': [`  image: ${WEB}\n`, `  image: ${WEB}\n`],
    'no image: a schema': [
      '  properties: {image: {type: string}}\n',
      '  properties: {image: {type: string}}\n',
    ],
    'nothing in it': ['  image: ""\n  b: {image: }\n', '  image: ""\n  b: {image: }\n'],
  }
  for (const [name, [before, after]] of Object.entries(cases)) t.equal(spec(before), after, name)
  t.equal(spec('  image: host:1/nix/store/x\n', { hosts: ['host:1'] }), '  image: host:1/nix/store/x\n')
  t.end()
})

void t.test('JSON stays JSON, a List is what is in it', (t) => {
  const json = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a' },
    spec: { containers: [{ image: 'redis' }] },
  }
  t.same(rewrite(JSON.stringify(json)).objects, [
    { name: '50-pod-a.json', text: `${JSON.stringify(json).replace('"redis"', `"${REDIS}"`)}\n` },
  ])
  const list = { apiVersion: 'v1', kind: 'List', items: [json, { ...json, metadata: { name: 'b' } }] }
  t.same(
    rewrite(JSON.stringify(list)).objects.map(({ name }) => name),
    ['50-pod-a.json', '50-pod-b.json'],
  )
  const { objects } = rewrite(`apiVersion: v1
kind: List
shared: &l {app: x}
items:
  - apiVersion: v1
    kind: Pod
    metadata: {name: a, labels: *l} # why
    spec: {mode: 0644, on: yes, text: "012", image: redis}
---
---
# nothing but this
---
apiVersion: v1
kind: PodList
items: []
`)
  t.equal(objects.length, 1)
  t.match(objects[0]?.text ?? '', /labels: \{ app: x \} \} # why/)
  t.match(objects[0]?.text ?? '', `{ mode: 0644, on: yes, text: "012", image: ${REDIS} }`)
  t.end()
})

void t.test('files are in the order to apply, and Kustomize knows them', (t) => {
  const { objects, others } = rewrite([
    `${pod('b')}---\n${pod('a')}`,
    'apiVersion: v1\nkind: Namespace\nmetadata: {name: z}\n',
  ])
  const names = ['10-namespace-z.yaml', '50-pod-a.yaml', '50-pod-b.yaml']
  t.same(
    objects.map(({ name }) => name),
    names,
  )
  t.equal(
    others[0]?.text,
    `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n${names.map((name) => `  - ${name}\n`).join('')}`,
  )
  t.end()
})

void t.test('an unmapped image names object and field, all at once, unless it is allowed', (t) => {
  const text = thing('  image: busybox:1\n  b: [{image: ghcr.io/a/b:1}]\n')
  t.throws(() => rewrite(text), {
    message: `${unmapped('spec.image', 'busybox:1')}\n${unmapped('spec.b[0].image', 'ghcr.io/a/b:1')}`,
  })
  t.throws(() => rewrite(text, { allow: ['docker.io/library/*'] }), {
    message: unmapped('spec.b[0].image', 'ghcr.io/a/b:1'),
  })
  t.same(rewrite(text, { allow: ['docker.io/library/*', 'ghcr.io/*'] }).objects[0]?.text, text)
  t.end()
})

void t.test('images are found in arguments, variables, data and custom resources', (t) => {
  const text = `apiVersion: apps/v1
kind: Deployment
metadata: {name: o, annotations: {example.org/image: "ghcr.io/x/a:1"}}
spec:
  template:
    spec:
      containers:
        - image: ghcr.io/x/web:1
          command: [manager, --engine-image, x/b:1, --name, x/no:1]
          args: ["--reloader=ghcr.io/x/c:1"]
          env:
            - {name: RELATED_IMAGE_D, value: "x/d:1"}
            - {name: ADDRESS, value: "x/no:1"}
      volumes: [{name: v, image: {reference: "ghcr.io/x/e:1"}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data:
  f: ghcr.io/x/f:1
  config.yaml: |
    pods:
      - image: x/g:1
        repository: https://github.com/x/no
---
apiVersion: example.org/v1
kind: Thing
metadata: {name: t}
spec:
  sidecarImage: x/h:1
  image: {repository: ghcr.io/x/i, tag: "1"}
  proxy: {repository: ghcr.io/x/j, tag: "1"}
  driver: {repository: ghcr.io/x, image: k, version: "1"}
  template: {spec: {containers: [{name: a, image: "x/l:1"}]}}
status: {image: x/no:1}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: d}
spec:
  versions:
    - schema:
        properties: {image: {type: string, default: "x/m:1", description: "such as ghcr.io/x/no:1"}}
`
  t.throws(() => rewrite(text), {
    message: [
      ['1, Deployment/o, metadata.annotations["example.org/image"]', 'ghcr.io/x/a:1'],
      ['1, Deployment/o, spec.template.spec.containers[0].command[2]', 'x/b:1'],
      ['1, Deployment/o, spec.template.spec.containers[0].args[0]', 'ghcr.io/x/c:1'],
      ['1, Deployment/o, spec.template.spec.containers[0].env[0].value', 'x/d:1'],
      ['1, Deployment/o, spec.template.spec.volumes[0].image.reference', 'ghcr.io/x/e:1'],
      ['2, ConfigMap/c, data.f', 'ghcr.io/x/f:1'],
      ['2, ConfigMap/c, data["config.yaml"]', 'x/g:1'],
      ['3, Thing/t, spec.sidecarImage', 'x/h:1'],
      ['3, Thing/t, spec.image.repository', 'ghcr.io/x/i:1'],
      ['3, Thing/t, spec.proxy.repository', 'ghcr.io/x/j:1'],
      ['3, Thing/t, spec.driver.image', 'ghcr.io/x/k:1'],
      ['3, Thing/t, spec.template.spec.containers[0].image', 'x/l:1'],
      ['4, CustomResourceDefinition/d, spec.versions[0].schema.properties.image.default', 'x/m:1'],
    ]
      .map(
        ([place, image]) =>
          `0.yaml, document ${place}: ${image} isn’t in the map of images: expected an entry for it, or a pattern that allows it`,
      )
      .join('\n'),
  })
  const allow = ['docker.io/x/*', 'ghcr.io/x/*']
  t.equal(rewrite(text, { allow }).objects.length, 4)
  const names = Array.from(
    'abcdefghijklm',
    (letter) => `${'bdghlm'.includes(letter) ? '' : 'ghcr.io/'}x/${letter}`,
  )
  const map = { ...MAP, ...Object.fromEntries(names.map((name) => [name, REDIS])) }
  const written = rewrite(text, { map }).objects.map((one) => one.text)
  t.notMatch(written.join(''), /x\/[a-m]\b/)
  t.match(written.join('').match(/x\/no/g), { length: 5 })
  t.match(written.join(''), 'driver: {repository: nix.internal/nix/store, image: ')
  t.end()
})

void t.test('within a longer text, only the name changes', (t) => {
  const web = 'ghcr.io/x/web:1'
  const cases: Record<string, readonly [before: string, after: string]> = {
    'a block': [
      `  a: |  # why\n    x ${web}\n\n    y ${web}!\n`,
      `  a: |  # why\n    x ${WEB}\n\n    y ${WEB}!\n`,
    ],
    'escapes before it': [`  a: "\\x41\\n\\"${web}\\""\n`, `  a: "\\x41\\n\\"${WEB}\\""\n`],
    'several lines': [`  a: one\n    ${web}\n    three\n`, `  a: one\n    ${WEB}\n    three\n`],
    'its own name within another': [`  a: "ghcr.io/x/web:10 ${web}"\n`, `  a: "ghcr.io/x/web:10 ${WEB}"\n`],
    'an alias of it': [`  a: &a --x=${web}\n  b: [*a]\n`, `  a: &a --x=${WEB}\n  b: ["--x=${WEB}"]\n`],
  }
  for (const [name, [before, after]] of Object.entries(cases))
    t.equal(spec(before, { allow: ['ghcr.io/x/web:10'] }), after, name)
  t.end()
})

void t.test('patterns and templates are no images', (t) => {
  for (const image of ['"ghcr.io/*"', '"{{inputs.parameters.image}}"', '$(params.image)', '"a b"'])
    t.equal(spec(`  image: ${image}\n`), `  image: ${image}\n`)
  t.end()
})

const configMap = (metadata: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata:${metadata}`

void t.test('a namespace is given to objects that name none and have a place for it', (t) => {
  const kinds = {
    'v1/ConfigMap': 'Namespaced',
    'v1/Namespace': 'Cluster',
    'a.org/v1/Node': 'Cluster',
  } as const
  const schema = {
    version: '1.37',
    definitions: {},
    rules: { texts: {}, names: {}, optional: {}, lenient: {}, definitions: {} },
    kinds: Object.fromEntries(Object.entries(kinds).map(([key, scope]) => [key, { definition: '', scope }])),
  }
  const place = (text: string, name = 'market') =>
    rewriteManifests([{ source: '0.yaml', text }], {
      images: parseImageMap('{}', 'map.json'),
      allow: [],
      hosts: [],
      kubernetesVersion: undefined,
      namespace: { name, schema },
    })
  const cases: Record<string, readonly [before: string, after: string]> = {
    'a block': [
      configMap('\n  # why\n  name: a\n'),
      configMap('\n  # why\n  namespace: market\n  name: a\n'),
    ],
    'a flow': [configMap(' {name: a} # why\n'), configMap(' {namespace: "market", name: a} # why\n')],
    'an empty one': [
      configMap('\n  name: a\n  namespace: ""\n'),
      configMap('\n  name: a\n  namespace: "market"\n'),
    ],
    'nothing behind a colon': [
      configMap('\n  namespace:\n  name: a\n'),
      configMap('\n  namespace: "market"\n  name: a\n'),
    ],
    null: [configMap(' {name: a, namespace: null}\n'), configMap(' {name: a, namespace: "market"}\n')],
    JSON: [
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}\n',
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace": "market", "name":"a"}}\n',
    ],
    'another’s': [configMap(' {name: a, namespace: b}\n'), configMap(' {name: a, namespace: b}\n')],
    'a kind of the whole cluster': [
      'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n',
      'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n',
    ],
    'another version of such a kind': [
      'apiVersion: a.org/v2\nkind: Node\nmetadata: {name: a}\n',
      'apiVersion: a.org/v2\nkind: Node\nmetadata: {name: a}\n',
    ],
    'a kind of the same name in another group': [
      'apiVersion: b.org/v1\nkind: Node\nmetadata: {name: a}\n',
      'apiVersion: b.org/v1\nkind: Node\nmetadata: {namespace: "market", name: a}\n',
    ],
  }
  for (const [name, [before, after]] of Object.entries(cases))
    t.equal(place(before).objects[0]?.text, after, name)
  t.equal(
    place(configMap('\n  name: a\n'), 'no').objects[0]?.text,
    configMap('\n  namespace: "no"\n  name: a\n'),
  )
  const { objects, others } = place(`${configMap(' {name: a}\n')}---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.c.org, namespace: x}
spec: {scope: Cluster, group: c.org, names: {kind: Gadget}}
---
apiVersion: c.org/v1
kind: Gadget
metadata: {name: g}
`)
  t.same(
    objects.map(({ name }) => name),
    ['12-customresourcedefinition-x-gadgets.c.org.yaml', '30-configmap-market-a.yaml', '80-gadget-g.yaml'],
  )
  t.match(others[1]?.text, '"object":"v1 ConfigMap market/a"')
  t.throws(() => place(`${configMap(' {name: a}\n')}---\n${configMap(' {name: a, namespace: market}\n')}`), {
    message: /"v1 ConfigMap market\/a" is there twice/,
  })
  for (const text of [
    'a: &m {name: a}\napiVersion: v1\nkind: ConfigMap\nmetadata: *m\n',
    configMap(' {name: &n a, namespace: *n}\n'),
  ])
    t.throws(() => place(text), { message: /^0\.yaml, document 1: / })
  t.end()
})

void t.test('a possible mistake is a warning', (t) => {
  t.same(rewrite(thing('  sidecarImage: busybox\n  osImage: Debian\n')).warnings, [
    '0.yaml, document 1, Thing/t, spec.sidecarImage: busybox may be an image, which isn’t in the map of images',
    'ghcr.io/x/web:1 is in the map of images, and nothing names it',
    'redis is in the map of images, and nothing names it',
  ])
  t.end()
})

void t.test('refused', (t) => {
  const digest = `sha256:${'0'.repeat(64)}`
  const refused: Record<string, readonly [text: string, message: RegExp]> = {
    'broken YAML': ['a: [', /^0\.yaml:1:5: /],
    'a list': ['- a\n', /^0\.yaml, document 1: isn’t an object$/],
    text: [
      '---\na: 1\n---\nhello\n',
      /^0\.yaml, document 1: has no apiVersion and kind\n0\.yaml, document 2: isn’t an object$/,
    ],
    'a name that kubectl reads as a boolean': [
      'apiVersion: v1\nkind: Namespace\nmetadata: {name: no}\n',
      /^0\.yaml, document 1: metadata\.name: kubectl reads no as the boolean false: write "no"$/,
    ],
    'no kind': ['apiVersion: v1\n', /document 1: has no apiVersion and kind$/],
    'no name': ['apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\n', /Pod has no metadata\.name/],
    'a Kustomization': [
      'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n',
      /is a Kustomization for Kustomize/,
    ],
    'an item that is no object': [
      'apiVersion: v1\nkind: List\nitems: [a]\n',
      /has an item that isn’t an object$/,
    ],
    'an object twice': [
      `${thing('  a: 1\n')}---\n${thing('  a: 2\n')}`,
      /^"example\.org\/v1 Thing \/t" is there twice: 0\.yaml, document 1, and 0\.yaml, document 2$/,
    ],
    'parts with a digest': [
      thing(`  image: {repository: redis, tag: "1", digest: "${digest}"}\n`),
      /Thing\/t, spec\.image\.repository: redis:1@sha256:0+ is in parts/,
    ],
    'parts without a tag': [
      thing('  image: {repository: redis}\n'),
      /redis is in parts that nix\.internal\S+ doesn’t fit/,
    ],
    'a name that a tag elsewhere completes': [
      thing('  text: "ghcr.io/x/web:${TAG}"\n'),
      /Thing\/t, spec\.text: ghcr\.io\/x\/web isn’t in the map/,
    ],
    'a repository that the map has': [
      thing('  args: [--image-repo=docker.io/library/redis]\n'),
      /spec\.args\[0\]: docker\.io\/library\/redis is in parts/,
    ],
    'a name that is written in escapes': [
      thing('  args: ["--image=ghcr.io/x\\x2fweb:1"]\n'),
      /spec\.args\[0\]: ghcr\.io\/x\/web:1 is in parts/,
    ],
    'aliases upon aliases': [
      `apiVersion: v1\nkind: List\na: &a [x]\n${['ab', 'bc', 'cd', 'de', 'ef', 'fg', 'gh'].map(([old, name]) => `${name}: &${name} [${`*${old},`.repeat(9)}]\n`).join('')}items:\n  - a: *h\n`,
      /can't resolve/,
    ],
    'nested too deeply': [thing(`  a: ${'['.repeat(600)}${']'.repeat(600)}\n`), /nested too deeply/],
  }
  for (const [name, [text, message]] of Object.entries(refused))
    t.throws(() => rewrite(text), { message }, name)
  t.end()
})

void t.test('all that is wrong is told at once, of each document and file', (t) => {
  const named = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n'
  t.throws(() => rewrite([`${named}---\na: [\n---\n- b\n`, 'kind: Pod\n']), {
    message: /^0\.yaml:6:1: .*\n0\.yaml, document 3: isn’t an object\n1\.yaml, document 1: has no apiVersion/,
  })
  t.end()
})

void t.test('numbers of lists in JSON keep every digit', (t) => {
  const numbers = '9007199254740993 9223372036854775807 1.0 1e-7 -0 1E400'.split(' ')
  const [object] = rewrite(
    `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"a.org/v1","kind":"A","metadata":{"name":"a"},"spec":[${numbers.join(',')}]}]}`,
  ).objects
  t.same(
    object?.text.split('\n').slice(7, 13),
    numbers.map((one, i) => `    ${one}${i < 5 ? ',' : ''}`),
  )
  t.end()
})

void t.test('lists are what they hold, and their type is that of bare items', (t) => {
  for (const [text, expected] of [
    ['{apiVersion: v1, kind: List, items: }', []],
    ['{apiVersion: v1, kind: List, items: []}', []],
    ['apiVersion: v1\nkind: List\nitems:\n', []],
    [
      'apiVersion: v1\nkind: ConfigMapList\nitems:\n- metadata: {name: x}\n  data: {a: b}\n',
      ['apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\ndata: { a: b }\n'],
    ],
    [
      '{"apiVersion":"v1","kind":"ConfigMapList","items":[{"metadata":{"name":"x"}}]}',
      ['{\n  "apiVersion": "v1",\n  "kind": "ConfigMap",\n  "metadata": {\n    "name": "x"\n  }\n}\n'],
    ],
  ] as const) {
    t.same(
      rewrite(text).objects.map((one) => one.text),
      expected,
      text,
    )
  }
  t.end()
})

const jsonPod = (name: string) =>
  `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"${name}"},"spec":{"containers":[{"image":"redis"}]}}`

void t.test('a stream of JSON is read as kubectl reads it', (t) => {
  const { objects } = rewrite(`${jsonPod('a')}\n${jsonPod('b')}`)
  t.equal(objects.length, 2)
  for (const { text } of objects) t.match(text, REDIS)
  t.end()
})

void t.test('a byte order mark never lands within a stream', (t) => {
  const { objects } = rewrite([pod('a'), `\ufeff${pod('b')}---\n\ufeff${pod('c')}`])
  t.equal(objects.length, 3)
  for (const { text } of objects) t.notMatch(text, /\ufeff/)
  t.end()
})
