import { testBuilder } from '../builder-table.ts'

testBuilder('serviceAccount', {
  gives: {
    'the least': [
      'serviceAccount { name = "web"; }',
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'web' } },
    ],
    'all that it has': [
      'serviceAccount { name = "web"; namespace = "prod"; automountServiceAccountToken = false; imagePullSecrets = [ "registry" { name = "other"; } (secret { name = "third"; }) ]; }',
      {
        apiVersion: 'v1',
        automountServiceAccountToken: false,
        imagePullSecrets: [{ name: 'registry' }, { name: 'other' }, { name: 'third' }],
        kind: 'ServiceAccount',
        metadata: { name: 'web', namespace: 'prod' },
      },
    ],
  },
  refuses: {
    'no name': ['serviceAccount { }', 'serviceAccount: name is missing'],
    'pull secrets that are a string': [
      'serviceAccount { name = "web"; imagePullSecrets = "registry"; }',
      'serviceAccount "web": imagePullSecrets is "registry", expected a list of names',
    ],
    'a pull secret with capitals': [
      'serviceAccount { name = "web"; imagePullSecrets = [ "Registry" ]; }',
      'serviceAccount "web": a name in imagePullSecrets is "Registry", expected an RFC 1123 subdomain: at most 253 of a-z 0-9 - ., each part beginning and ending with a letter or digit',
    ],
    'a pull secret that is a ConfigMap': [
      'serviceAccount { name = "web"; imagePullSecrets = [ (configMap { name = "a"; }) ]; }',
      'serviceAccount "web": a name in imagePullSecrets is a ConfigMap, expected the name of a Secret, or a Secret that this library made',
    ],
  },
})
