# What the containers of a Pod must agree on: their names, the volumes that they mount, the ports of the node.
let
  inherit (builtins)
    concatMap
    concatStringsSep
    elem
    filter
    head
    length
    map
    toJSON
    ;
  inherit (import ../../nix/refuse.nix) refuse;

  twice = list: filter (key: length (filter (other: other == key) list) > 1) list;
  list = concatStringsSep ", ";

  tagged =
    where:
    map (container: {
      inherit where container;
    });

  # A mount without its volume is refused by the API server, which doesn't say what there is.
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
# builder: names of volumes from elsewhere: spec -> the same, or a refusal
builder: claims: spec:
let
  items = tagged "containers" spec.containers ++ tagged "initContainers" (spec.initContainers or [ ]);
  names = map (item: item.container.name) items;
  known = map (volume: volume.name) (spec.volumes or [ ]) ++ claims;
  stray = strayMounts known items;
  ports = hostPorts spec.containers;
in
if twice names != [ ] then
  throw (
    "${builder}: containers and initContainers both have ${toJSON (head (twice names))}, "
    + "expected names of their own"
  )
else if stray != [ ] then
  refuse builder (head stray).field (head stray).mount.name (
    if known == [ ] then
      "the name of a volume, and volumes has none"
    else
      "the name of a volume, there are: ${list known}"
  )
else if twice ports != [ ] then
  throw "${builder}: hostPort ${head (twice ports)} is there twice, expected once in a Pod"
else
  spec
