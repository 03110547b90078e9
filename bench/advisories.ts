/**
 * A synthetic year of NVD, as large as a real one and with the same shapes: about 30,000 entries, 150 MB of JSON, with
 * long descriptions, references, and configurations of one to hundreds of products. Deterministic.
 */
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { Json } from '../src/core/json.ts'
import { seededRandom, type Random } from '../test/seeded-random.ts'

export const YEAR_ENTRIES = 30_000
/** Products that entries are about. A few have most of the entries, as the kernel has. */
const PRODUCTS = 12_000
/** Products from here on are devices, which have the long lists. */
const DEVICES = 9_000

/** Writes a year as a feed. */
export async function writeYear(file: string, entries: number, seed: number): Promise<void> {
  await pipeline(feed(entries, seed), createWriteStream(file))
}

/** The name of the product with this number; the vendor is `v<number>`. */
export function productName(number: number): string {
  return `product-${number % PRODUCTS}`
}

function* feed(entries: number, seed: number): Generator<string> {
  const random = seededRandom(seed)
  yield `{"resultsPerPage":${entries},"startIndex":0,"totalResults":${entries},"format":"NVD_CVE","version":"2.0","timestamp":"2025-01-01T03:00:00.000","vulnerabilities":[`
  for (let i = 0; i < entries; i++)
    yield `${i === 0 ? '' : ',\n'}${JSON.stringify({ cve: entry(10_000 + i, random) })}`
  yield ']}\n'
}

function entry(number: number, { below }: Random): Json {
  const random = () => below(1e6) / 1e6
  // The square makes low numbers frequent.
  const product = Math.floor(random() ** 2 * DEVICES)
  const score = 1 + below(90) / 10
  const isDevice = random() < 0.02
  const size = isDevice ? 200 + below(200) : 1 + below(6)
  const matches = Array.from({ length: size }, (_, i) => {
    const other = isDevice ? DEVICES + below(PRODUCTS - DEVICES) : below(DEVICES)
    return match(i === 0 && !isDevice ? product : other, below(40), random() < 0.3)
  })
  const isConditional = random() < 0.15
  return {
    id: `CVE-2024-${number}`,
    sourceIdentifier: 'security@example.org',
    published: '2024-03-05T10:15:00.000',
    lastModified: `2024-${String(1 + below(12)).padStart(2, '0')}-${String(1 + below(28)).padStart(2, '0')}T12:00:00.000`,
    vulnStatus: 'Analyzed',
    cveTags: [],
    descriptions: [
      {
        lang: 'en',
        value: `A flaw in ${productName(product)} lets ${'somebody who can reach the service read memory. '.repeat(4 + below(12))}`,
      },
      {
        lang: 'es',
        value: `Un fallo en ${productName(product)} permite ${'leer la memoria a quien alcanza el servicio. '.repeat(4 + below(12))}`,
      },
    ],
    metrics: {
      cvssMetricV31: [
        {
          source: 'nvd@nist.gov',
          type: 'Primary',
          cvssData: {
            version: '3.1',
            vectorString: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
            baseScore: score,
            baseSeverity: score >= 9 ? 'CRITICAL' : score >= 7 ? 'HIGH' : score >= 4 ? 'MEDIUM' : 'LOW',
            attackVector: 'NETWORK',
            attackComplexity: 'LOW',
            privilegesRequired: 'NONE',
            userInteraction: 'NONE',
            scope: 'UNCHANGED',
            confidentialityImpact: 'HIGH',
            integrityImpact: 'HIGH',
            availabilityImpact: 'HIGH',
          },
          exploitabilityScore: 3.9,
          impactScore: 5.9,
        },
      ],
    },
    weaknesses: [
      { source: 'nvd@nist.gov', type: 'Primary', description: [{ lang: 'en', value: `CWE-${below(900)}` }] },
    ],
    configurations: [
      {
        nodes: [
          { operator: 'OR', negate: false, cpeMatch: matches },
          ...(isConditional ? [{ operator: 'OR', negate: false, cpeMatch: [platform(random() < 0.5)] }] : []),
        ],
        ...(isConditional ? { operator: 'AND' } : {}),
      },
    ],
    references: Array.from({ length: 2 + below(6) }, (_, i) => ({
      url: `https://example.org/advisories/${number}/${i}/${'x'.repeat(30 + below(40))}`,
      source: 'security@example.org',
      tags: ['Patch', 'Third Party Advisory'],
    })),
  }
}

function match(product: number, minor: number, isExact: boolean): Json {
  const name = `cpe:2.3:a:v${product}:${productName(product)}`
  const id = { matchCriteriaId: '7FBB0A5A-0000-4000-8000-000000000000' }
  if (isExact) return { vulnerable: true, criteria: `${name}:1.${minor}.0:*:*:*:*:*:*:*`, ...id }
  return {
    vulnerable: true,
    criteria: `${name}:*:*:*:*:*:*:*:*`,
    versionStartIncluding: '1.0.0',
    versionEndExcluding: `1.${minor}.${minor % 7}`,
    ...id,
  }
}

function platform(isLinux: boolean): Json {
  const name = isLinux ? 'linux:linux_kernel' : 'microsoft:windows'
  return {
    vulnerable: false,
    criteria: `cpe:2.3:o:${name}:-:*:*:*:*:*:*:*`,
    matchCriteriaId: '703AF700-0000-4000-8000-000000000000',
  }
}
