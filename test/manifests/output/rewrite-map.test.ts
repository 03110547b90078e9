import t from 'tap'
import { isAllowed, parseImageMap } from '../../../src/kubernetes/rewrite/rewrite-map.ts'

const DIGEST = `sha256:${'0'.repeat(64)}`

void t.test('names are found as clients read them, the more exact one first', (t) => {
  const map = parseImageMap(
    JSON.stringify({
      redis: 'any',
      'redis:7': 'seven',
      [`redis:7@${DIGEST}`]: 'digest',
      'ghcr.io/x/y:1': 'one',
      'docker.io/grafana/grafana:latest': 'latest',
      'localhost:5000/a': { reference: 'local', storePath: null },
    }),
    'map.json',
  )
  const found: Record<string, string | undefined> = {
    redis: 'any',
    'redis:6': 'any',
    'redis:7': 'seven',
    'docker.io/library/redis:7': 'seven',
    'docker.io/redis:7': 'seven',
    'index.docker.io/library/redis:7': 'seven',
    [`redis:7@${DIGEST}`]: 'digest',
    [`redis:7@${DIGEST}1`]: 'seven',
    [`redis@${DIGEST}`]: 'any',
    'quay.io/library/redis:7': undefined,
    'other/redis:7': undefined,
    'ghcr.io/x/y:1': 'one',
    'ghcr.io/x/y:2': undefined,
    'ghcr.io/x/y': undefined,
    'grafana/grafana': 'latest',
    'grafana/grafana:11': undefined,
    'localhost:5000/a:1': 'local',
    'localhost:5000/b:1': undefined,
  }
  for (const [name, reference] of Object.entries(found))
    t.equal(map.find(name)?.image.reference, reference, name.replace('#', ''))
  t.end()
})

void t.test('patterns allow what they match whole, as it is written or as clients read it', (t) => {
  const cases: readonly (readonly [pattern: string, name: string, allowed: boolean])[] = [
    ['docker.io/library/*', 'redis', true],
    ['docker.io/library/*', 'redis:7', true],
    ['docker.io/library/*', 'grafana/grafana', false],
    ['redis:*', 'redis:7', true],
    ['redis', 'redis:7', false],
    ['*', 'anything/at:all', true],
    ['ghcr.io/*', 'ghcr.io/a/b/c:1', true],
    ['ghcr.io/*', 'ghcrXio/a:1', false],
    ['ghcr.io/*', 'evil.example/ghcr.io/a:1', false],
    ['docker.io/library/redis:latest', 'redis', true],
    ['(a|b)+', 'a', false],
  ]
  for (const [pattern, name, allowed] of cases)
    t.equal(isAllowed([pattern], name), allowed, `${pattern} ${name}`)
  t.notOk(isAllowed([], 'redis'))
  t.end()
})

void t.test('files that aren’t such a map are refused', (t) => {
  const refused: readonly (readonly [text: string, message: RegExp])[] = [
    ['', /^map\.json: not JSON: /],
    ['[]', /^map\.json: expected \{/],
    ['{"a": 1}', /^map\.json: expected \{/],
    ['{"a": ""}', /^map\.json: expected \{/],
    ['{"a": {"storePath": "/x"}}', /^map\.json: expected \{/],
    [
      '{"redis": "a", "docker.io/library/redis": "b"}',
      /^map\.json: redis and docker\.io\/library\/redis are the same/,
    ],
  ]
  for (const [text, message] of refused) t.throws(() => parseImageMap(text, 'map.json'), { message })
  t.end()
})
