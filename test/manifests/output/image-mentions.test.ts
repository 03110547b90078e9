import t from 'tap'
import { imageMentions } from '../../../src/kubernetes/rewrite/image-mentions.ts'
import { processorMs } from '../../support/processor-time.ts'

const DIGEST = `sha256:${'0'.repeat(64)}`

/** What is found, each with a mark where it isn't a whole name. */
const found = (text: string, label = '') =>
  [...imageMentions(text, label)].map(({ name, start, end, kind }) => {
    t.equal(text.slice(start, end), name)
    return kind === 'name' ? name : `${kind} ${name}`
  })

void t.test('a name with its host and tag is found in any text', (t) => {
  const cases: Record<string, readonly string[]> = {
    'quay.io/x/y:1': ['quay.io/x/y:1'],
    '--prometheus-config-reloader=quay.io/x/reloader:v1': ['quay.io/x/reloader:v1'],
    'registry.example:5000/a:1': ['registry.example:5000/a:1'],
    'localhost/a:1': ['localhost/a:1'],
    '10.0.0.1:5000/a:1': ['10.0.0.1:5000/a:1'],
    [`run corp.example/a/b_c--d:1.0-x@${DIGEST}.`]: [`corp.example/a/b_c--d:1.0-x@${DIGEST}`],
    '4.2=quay.io/k/kafka:4.2\n4.3=quay.io/k/kafka:4.3\n': ['quay.io/k/kafka:4.2', 'quay.io/k/kafka:4.3'],
    '{"image":"ghcr.io/a/b:1","args":["-x"]}': ['ghcr.io/a/b:1'],
    '{\\"image\\":\\"ghcr.io/a/b:1\\"}\\nghcr.io/c/d:2': ['ghcr.io/a/b:1', 'ghcr.io/c/d:2'],
    'first ghcr.io/a/b:1, then (ghcr.io/c/d:2)': ['ghcr.io/a/b:1', 'ghcr.io/c/d:2'],
  }
  for (const [text, names] of Object.entries(cases)) t.same(found(text), names, text)
  t.end()
})

void t.test('without a host, a name is found where a label says that it is an image', (t) => {
  const cases: readonly (readonly [text: string, label: string, names: readonly string[]])[] = [
    ['longhornio/engine:v1', '--engine-image', ['longhornio/engine:v1']],
    ['longhornio/engine:v1', 'CSI_ATTACHER_IMAGE', ['longhornio/engine:v1']],
    ['longhornio/engine', 'sidecarImage', ['longhornio/engine']],
    ['redis:7', 'RELATED_IMAGE_CACHE', ['redis:7']],
    ['redis', 'sidecarImage', ['word redis']],
    ['true', 'has-image', []],
    ['redis:7', 'CACHE', []],
    ['--sidecar-image=redis:7', '', ['redis:7']],
    ['run --sidecar-image redis:7 --name x:1', '', ['redis:7']],
    ['image: redis:7\nname: x:1\n', 'config.yaml', ['redis:7']],
    ['{"images": ["a:1", "b:2"], "ports": ["x:1"]}', '', ['a:1', 'b:2']],
    ['--images=a:1,b:2', '', ['a:1', 'b:2']],
    ['store:8080', 'image-server', []],
    ['10:30', 'imageScanTime', []],
    ['IfNotPresent', 'imagePullPolicy', []],
  ]
  for (const [text, label, names] of cases) t.same(found(text, label), names, `${label} ${text}`)
  t.end()
})

void t.test('the beginning of a name is found, which something else completes', (t) => {
  const cases: readonly (readonly [text: string, label: string, names: readonly string[]])[] = [
    ['{"hub": "registry.istio.io/release", "tag": "1"}', '', ['part registry.istio.io/release']],
    ['image: ghcr.io/a/b:{{ .Tag }}', '', ['part ghcr.io/a/b']],
    [`ghcr.io/a/b:\${TAG}`, 'X_IMAGE', ['part ghcr.io/a/b']],
    ['quay.io/a/b', 'image_repository', ['part quay.io/a/b']],
    ['harbor.example/a', 'DOCKER_REGISTRY', ['part harbor.example/a']],
    ['quay.io/a/b', 'X_IMAGE', ['quay.io/a/b']],
    ['quay.io', 'REGISTRY', []],
  ]
  for (const [text, label, names] of cases) t.same(found(text, label), names, text)
  t.end()
})

void t.test('texts that only resemble a name', (t) => {
  for (const text of [
    'https://quay.io/x/y:1',
    'oci://ghcr.io/x/chart:1',
    '/usr/quay.io/x:1',
    '10.0.0.0/8:1',
    'app.kubernetes.io/name',
    'apps.example.org/v1:Deployment',
    'github.com/x/y',
    'default/test:8080',
    'Ghcr.io/X/y:1',
    'user@quay.io/x:1',
    '*.quay.io/x:1',
    'a: b',
    '',
  ])
    t.same(found(text), [], text)
  t.end()
})

void t.test('long texts take time in proportion to their length', (t) => {
  const time = (text: string) =>
    processorMs(() => {
      for (const mention of imageMentions(text, 'image')) if (mention.name === '') t.fail('an empty name')
    })
  for (const [name, unit] of Object.entries({ words: 'a-', lines: 'x=a/b:1\n', slashes: 'a/', ends: '_.' }))
    t.ok(time(unit.repeat(100_000)) < 2000, name)
  t.end()
})
