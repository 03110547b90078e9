/** The name that somebody may have meant: the nearest by Levenshtein's distance, if it is near. */
import { distance } from 'fastest-levenshtein'

export function nearest(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, away: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, away }) => away * 3 <= candidate.length)
    .sort((a, b) => a.away - b.away)
  return ranked[0]?.candidate
}
