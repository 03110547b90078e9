/** A streamed image with paths of every shape. */
import { busybox, fixture, nixBuild, nixStore } from '../support/nix.ts'
import { customisationLayer, streamedImage, type StreamedImage } from '../support/streamed-image.ts'

const SHAPES = [
  'symlinks',
  'files',
  'longPaths',
  'utf8',
  'invalidUtf8',
  'plainFile',
  'symlinkItself',
  'plus',
] as const

/** Paths of every shape, in layers of one, two and all the others. */
export async function everyShape(fields: object = {}): Promise<StreamedImage> {
  const shell = await busybox()
  const shapes = await nixBuild(
    fixture('shapes.nix'),
    SHAPES.flatMap((name) => ['-A', name]),
  )
  const rest = (await nixStore('--query', '--requisites', ...shapes)).filter((path) => !shapes.includes(path))
  const customisation = await customisationLayer({ bin: `${shell}/bin`, 'etc/deep/link': shapes[0] ?? '' })
  return streamedImage(
    {
      store_layers: [[shell], shapes.slice(0, 2), [...shapes.slice(2), ...rest]],
      customisation_layer: customisation,
      config: {
        Entrypoint: ['/bin/echo'],
        Cmd: ['héllo', '<&>'],
        Env: ['A=1', 'B=2', 'A=3'],
        Labels: { empty: '', quote: '"\\\u007f\u0001' },
        ExposedPorts: {},
        Healthcheck: null,
      },
      ...fields,
    },
    [shell, ...shapes, ...rest, customisation],
  )
}
