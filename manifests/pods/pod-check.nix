# Checks what the containers of a Pod must agree on: their names, the volumes that they mount, and the ports of the
# node.
let
  inherit (builtins)
    concatMap
    concatStringsSep
    elem
    filter
    head
    map
    toJSON
    ;
  repeated = import ../../nix/repeated.nix;
  inherit (import ../../nix/refuse.nix) refuse;

  list = concatStringsSep ", ";

  tagged =
    where:
    map (container: {
      inherit where container;
    });

  # The API server refuses a mount without its volume, and doesn't name the volumes that exist.
  strayMounts =
    known: items:
    concatMap (
      { where, container }:
      map (mount: {
        inherit mount;
        field = "${where}.${container.name}.volumeMounts.${mount.mountPath}";
      }) (filter (mount: !elem mount.name known) (container.volumeMounts or [ ]))
    ) items;

  hostPorts =
    containers:
    concatMap (
      container:
      concatMap (
        item:
        if item ? hostPort then
          [ "${item.hostIP or "0.0.0.0"}:${toString item.hostPort}/${item.protocol or "TCP"}" ]
        else
          [ ]
      ) (container.ports or [ ])
    ) containers;
in
/**
  Returns the spec of a Pod, or refuses it. `claims` has the names of volumes from elsewhere.
*/
builder: claims: spec:
let
  items = tagged "containers" spec.containers ++ tagged "initContainers" (spec.initContainers or [ ]);
  names = map (item: item.container.name) items;
  known = map (volume: volume.name) (spec.volumes or [ ]) ++ claims;
  stray = strayMounts known items;
  ports = hostPorts spec.containers;
in
if repeated names != [ ] then
  throw (
    "${builder}: containers and initContainers both have ${toJSON (head (repeated names))}, "
    + "expected names of their own"
  )
else if stray != [ ] then
  refuse builder (head stray).field (head stray).mount.name (
    if known == [ ] then
      "the name of a volume, and volumes has none"
    else
      "the name of a volume, there are: ${list known}"
  )
else if repeated ports != [ ] then
  throw "${builder}: hostPort ${head (repeated ports)} is there twice, expected once in a Pod"
else
  spec
