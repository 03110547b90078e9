import { readFile } from 'node:fs/promises'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { withoutNix } from '../../nix/nix-command.ts'
import { objectsOf } from './app-command.ts'

/** All that an application may say, but what excludes each other. */
const FULL = `app {
  name = "shop";
  namespace = "prod";
  labels.team = "web";
  image = "example.org/shop:1";
  command = [ "/bin/shop" ];
  args = [ "--verbose" ];
  ports = { http = 8080; metrics = 9090; };
  hosts = [ "shop.example.org" "www.example.org" ];
  tls = true;
  ingressClass = "nginx";
  health = "/healthz";
  autoscale = { min = 2; max = 5; cpu = 70; };
  env = { MODE = "live"; WORKERS = 4; NODE.valueFrom.fieldRef.fieldPath = "spec.nodeName"; };
  secrets.PASSWORD = "shop-db/password";
  files."/etc/shop/config.json" = { currency = "EUR"; };
  volumes = { "/cache".emptyDir = { }; "/shared" = "pictures"; };
  resources = { cpu = "200m"; memory = "300Mi"; };
  extend.Service.spec.sessionAffinity = "ClientIP";
  extra = [ { apiVersion = "v1"; kind = "Widget"; metadata.name = "more"; } ];
}`

void t.test('a whole application', { skip: withoutNix }, async (t) => {
  const [objects] = await objectsOf([FULL])
  const golden = await readFile(new URL('full.yaml', import.meta.url), 'utf8')
  t.same(
    objects,
    parseAllDocuments(golden).map((document) => document.toJS()),
  )
})
