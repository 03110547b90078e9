import t from 'tap'
import { pathIn, problemOf } from '../../../src/delivery/plan/server-problem.ts'
import { KubernetesError } from '../../../src/kubernetes/client/kubernetes-error.ts'
import { objectOf, setOf } from '../objects.ts'

const OBJECT = {
  spec: {
    template: { spec: { containers: [{ name: 'web' }, { name: 'proxy', ports: [{ containerPort: 80 }] }] } },
  },
}

const PATHS: readonly (readonly [string, readonly (string | number)[]])[] = [
  ['spec.template.spec.containers[1].ports', ['spec', 'template', 'spec', 'containers', 1, 'ports']],
  [
    'spec.template.spec.containers[name="proxy"].image',
    ['spec', 'template', 'spec', 'containers', 1, 'image'],
  ],
  ['spec.replicas', ['spec', 'replicas']],
  ['spec.replicas.wrong', ['spec', 'replicas']],
  ['', []],
]

void t.test('paths of the server lead into the object as far as it goes', (t) => {
  for (const [text, path] of PATHS) t.same(pathIn(OBJECT, text), path, text)
  t.end()
})

void t.test('a refusal has the place of its field', (t) => {
  const [object] = setOf([objectOf('Deployment/web', OBJECT)]).objects
  if (object === undefined) return t.end()
  const placed = { ...object, placeOf: (path: readonly (string | number)[]) => path.join('.') }
  const causes = [{ field: 'spec.replicas', message: 'must be at least 0' }]
  t.match(problemOf(placed, new KubernetesError('invalid', 'Deployment is invalid', { causes })), {
    place: 'spec.replicas',
    message: 'spec.replicas: must be at least 0',
  })
  const inside = [
    { field: 'spec.replicas', message: 'expected numeric, got &value.valueUnstructured{Value:"two"}' },
  ]
  t.match(problemOf(placed, new KubernetesError('invalid', 'failed to convert', { causes: inside })), {
    message: 'spec.replicas: expected numeric, got "two"',
  })
  const typed =
    'failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .spec.template.spec.containers[name="proxy"].imagee: field not declared in schema'
  t.match(problemOf(placed, new KubernetesError('invalid', typed)), {
    place: 'spec.template.spec.containers.1.imagee',
    message: 'spec.template.spec.containers[name="proxy"].imagee: field not declared in schema',
  })
  const several =
    'failed to create typed patch object (default/web; apps/v1, Kind=Deployment): errors:\n  .spec.replicas: expected numeric (int or float), got &value.valueUnstructured{Value:"two"}\n  .spec.selector.match: field not declared in schema'
  t.match(problemOf(placed, new KubernetesError('invalid', several)), {
    place: 'spec.replicas',
    message:
      'spec.replicas: expected numeric (int or float), got "two"; spec.selector.match (spec.selector): field not declared in schema',
  })
  t.match(problemOf(placed, new KubernetesError('not-found', 'namespaces "default" not found')), {
    message: 'namespace default is not there: add it to the set, or create it',
  })
  t.end()
})
