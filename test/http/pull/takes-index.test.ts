import t from 'tap'
import { takesIndex } from '../../../src/http/pull/takes-index.ts'

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'
const LIST = 'application/vnd.docker.distribution.manifest.list.v2+json'

void t.test('clients that accept an index', async (t) => {
  for (const [header, takes] of [
    [undefined, true],
    ['', true],
    ['*/*', true],
    ['application/json', true],
    [`${MANIFEST}, ${INDEX}`, true],
    [`${DOCKER_MANIFEST},${LIST}`, true],
    [`${MANIFEST};q=0.5, */*;q=0.1`, true],
    [`${MANIFEST}, application/*`, true],
    [MANIFEST, false],
    [`${DOCKER_MANIFEST}, application/vnd.docker.distribution.manifest.v1+json`, false],
    [` ${MANIFEST.toUpperCase()} ; q=1`, false],
  ] as const) {
    t.equal(takesIndex(header), takes, header ?? 'none')
  }
})
