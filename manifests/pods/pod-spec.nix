# The `spec` of a Pod, from arguments that are its fields. Those that are lists by name may be attribute sets; all that
# has no name here passes through.
{ imageRef }:
let
  inherit (builtins)
    attrNames
    elem
    isAttrs
    isString
    mapAttrs
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/name.nix) checkLabel checkSubdomain;
  inherit (import ../objects/named-list.nix) namedList;
  toContainers = import ./container.nix { inherit imageRef; };

  restartPolicies = [
    "Always"
    "OnFailure"
    "Never"
  ];

  # { data.emptyDir = { }; config.configMap.name = "web"; }
  toVolumes = namedList {
    toItem =
      builder: field: name: volume:
      if isAttrs volume && !(volume ? outPath) then
        volume // { name = checkLabel builder "a name in volumes" name; }
      else
        refuse builder field volume "an attribute set with one kind of volume, such as { emptyDir = { }; }";
  };

  # [ "registry" ] or [ { name = "registry"; } ]
  toPullSecrets =
    builder: field: secrets:
    if builtins.isList secrets then
      map (
        secret:
        if isString secret then { name = checkSubdomain builder "a name in ${field}" secret; } else secret
      ) secrets
    else
      refuse builder field secrets "a list of names";

  parsers = {
    containers = toContainers;
    initContainers = toContainers;
    volumes = toVolumes;
    imagePullSecrets = toPullSecrets;
    restartPolicy =
      builder: field: policy:
      if elem policy restartPolicies then
        policy
      else
        refuse builder field policy ''"Always", "OnFailure" or "Never"'';
  };

  # A mount without its volume is refused by the API server, which doesn't say what there is.
  checkMounts =
    builder: claims: spec:
    let
      known = map (volume: volume.name) (spec.volumes or [ ]) ++ claims;
      wrong = builtins.concatMap (
        container:
        map (mount: {
          inherit mount;
          container = container.name;
        }) (builtins.filter (mount: !elem mount.name known) (container.volumeMounts or [ ]))
      ) (spec.containers ++ spec.initContainers or [ ]);
      first = builtins.head wrong;
    in
    if wrong == [ ] then
      spec
    else
      refuse builder "containers.${first.container}.volumeMounts.${first.mount.mountPath}" first.mount.name (
        "the name of a volume, there are: ${builtins.concatStringsSep ", " known}"
      );
in
{
  # who refuses
  builder,
  # names of volumes that the Pods get from elsewhere: a StatefulSet's claims
  claims ? [ ],
}:
args:
let
  spec = mapAttrs (key: value: if parsers ? ${key} then parsers.${key} builder key value else value) (
    # null says nothing, so that an argument may be passed on as it is.
    removeAttrs args (builtins.filter (key: args.${key} == null) (attrNames args))
  );
  whole = {
    containers = [ ];
  }
  // spec;
in
if whole.containers == [ ] then
  throw "${builder}: containers is empty, expected at least one container"
else
  checkMounts builder claims whole
