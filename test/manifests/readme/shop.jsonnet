{
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'shop' },
  spec: { containers: [{ name: 'shop', image: 'ghcr.io/example/shop:1' }] },
}
