/** The vulnerabilities of an image, as its page shows them. */
import type { Insights } from '../../insight/insights.ts'
import type { Finding } from '../../insight/vulnerability/finding/finding.ts'
import type { Image } from '../../registry/artifact/image.ts'
import type { ImageFindings, Vulnerability } from './page-image.ts'

/** @returns `undefined` where there are no advisories. @throws RegistryError as an inventory does. */
export async function imageFindings(
  insights: Pick<Insights, 'scan' | 'document'>,
  image: Image,
): Promise<ImageFindings | undefined> {
  const report = await insights.scan(image)
  if (report === undefined) return undefined
  const documentOf = (predicate: 'sarif' | 'openvex') => () =>
    insights.document(image, { kind: 'findings', predicate })
  return {
    vulnerabilities: report.findings.flatMap(vulnerabilitiesOf),
    reports: { sarif: documentOf('sarif'), openvex: documentOf('openvex') },
  }
}

/** One for each output of the package, so that each row of the components has it. */
function vulnerabilitiesOf(finding: Finding): readonly Vulnerability[] {
  const { id, severity, component, fixedIn } = finding
  const note = noteOf(finding)
  return component.paths.map((path) => ({
    id,
    component: path,
    severity,
    ...(fixedIn === undefined ? {} : { fixedIn }),
    ...(note === '' ? {} : { note }),
    ...(id.startsWith('CVE-') ? { url: `https://nvd.nist.gov/vuln/detail/${id}` } : {}),
  }))
}

function noteOf({ exploitedSince, vex, component }: Finding): string {
  return [
    exploitedSince === undefined ? undefined : `exploited since ${exploitedSince}`,
    vex === undefined ? undefined : `${vex.status.replaceAll('_', ' ')}: ${vex.reason ?? 'by a statement'}`,
    component.use === 'build time' ? 'for building only' : undefined,
  ]
    .filter((part) => part !== undefined)
    .join('; ')
}
