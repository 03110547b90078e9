/**
 * Docker archives, as `dockerTools.buildImage` and `buildLayeredImage` of nixpkgs, `docker save` and skopeo make
 * them. Config and layers are the archive's own. The manifest is Docker's, too: in OCI's some clients would ignore the
 * config's Healthcheck (see core/oci/image.ts), which they keep where they load the archive itself.
 */
import { RegistryError } from '../../core/errors/errors.ts'
import { readDockerImages } from './docker-images.ts'
import type { ImageArchive } from './image-archive.ts'
import type { Source } from '../source.ts'

/**
 * @param tag names one of the archive's images by the tag part of its `RepoTags`; where several have it, as `one:v1`
 * and `other:v1` do, the first of them: the name before it isn't a tag, so it can't be pulled.
 * @returns nothing for a tar that is no docker archive.
 * @throws RegistryError `unservable` for one that is broken, `manifest-unknown` for a tag that it hasn't.
 */
export async function readDockerArchive(
  archive: ImageArchive,
  tag: string | undefined,
): Promise<Source | undefined> {
  const images = await readDockerImages(archive)
  if (images === undefined) return undefined
  const tags = [...new Set(images.flatMap((image) => image.tags))]
  const image = tag === undefined ? images[0] : images.find((candidate) => candidate.tags.includes(tag))
  if (image === undefined)
    throw new RegistryError('manifest-unknown', 'no such tag', { detail: { tag: tag ?? '', tags } })
  return {
    kind: 'image',
    format: 'docker archive',
    form: 'docker',
    config: { kind: 'given', bytes: image.config },
    layers: image.layers.map(({ name, offset, size, ...said }) => ({
      kind: 'stored',
      place: archive.place({ offset, size }),
      createdBy: name,
      ...said,
    })),
    tags,
  }
}
