# The `config` of an image: what the container runs and with what. Conveniences of `image` are merged into the
# attribute set in OCI spelling. Every value that reaches the result has passed its check in image-config-check.nix.
let
  inherit (builtins)
    attrNames
    concatStringsSep
    filter
    intersectAttrs
    isAttrs
    isList
    listToAttrs
    mapAttrs
    removeAttrs
    toJSON
    ;
  orElse = import ./or-else.nix;
  repeated = import ./repeated.nix;
  inherit (import ./refuse.nix) refuse onlyKnown;
  check = import ./image-config-check.nix;
  environment = import ./environment.nix;
  port = import ./port.nix;

  builder = "image";

  # OCI key -> its convenience. Said in both ways they are merged...
  merged = {
    Env = "env";
    ExposedPorts = "ports";
    Labels = "labels";
    Volumes = "volumes";
  };
  # ... or, where there is nothing to merge, refused.
  single = {
    User = "user";
    Entrypoint = "entrypoint";
    Cmd = "cmd";
    WorkingDir = "workingDir";
    StopSignal = "stopSignal";
  };

  # Upon a base, an empty list says that the base's isn't inherited.
  clearing = [
    "Cmd"
    "Entrypoint"
  ];

  # A list of names -> { name = { }; }, the form that OCI gives to sets.
  toSet =
    names:
    listToAttrs (
      map (name: {
        inherit name;
        value = { };
      }) names
    );

  union =
    key: left: right:
    let
      twice = attrNames (intersectAttrs left right);
    in
    if twice == [ ] then
      left // right
    else
      throw (
        "${builder}: ${concatStringsSep ", " (map toJSON twice)} given twice, "
        + "in config.${key} and in ${merged.${key}}"
      );

  listed =
    field: toName: value:
    if isList value then map toName value else refuse builder field value "a list";
in
{
  # attribute set in OCI spelling
  config,
  # list of strings
  entrypoint,
  # list of strings
  cmd,
  # attribute set, variable name to value
  env,
  # name or number of the user, and of the group after a `:`
  user,
  # absolute path
  workingDir,
  # list of 8080 or "53/udp"
  ports,
  # attribute set of strings
  labels,
  # "SIGTERM" or a number
  stopSignal,
  # list of absolute paths
  volumes,
  # whether there is an image below, whose config is inherited
  hasBase,
}@args:
let
  known = onlyKnown builder "config" check.keys (
    if isAttrs config then config else refuse builder "config" config "an attribute set"
  );

  # The OCI spelling, checked; null where absent.
  fromConfig = key: if known ? ${key} then check.parse.${key} "config.${key}" known.${key} else null;

  singles = mapAttrs (
    key: field:
    if args.${field} == null then
      fromConfig key
    else if known ? ${key} then
      throw "${builder}: config.${key} and ${field} say the same thing, expected one of them"
    else
      check.parse.${key} field args.${field}
  ) single;

  assignments = orElse [ ] (fromConfig "Env");
  pairs = environment.toPairs builder "env" env;
  names = map (environment.nameOf builder "config.Env") assignments ++ map (pair: pair.name) pairs;
  twice = repeated names;

  sets = {
    Env =
      if twice != [ ] then
        throw "${builder}: variable ${toJSON (builtins.head twice)} given twice, in config.Env and in env"
      else
        assignments ++ map (pair: "${pair.name}=${pair.value}") pairs;
    ExposedPorts =
      orElse { } (fromConfig "ExposedPorts")
      // toSet (listed "ports" (port.exposed builder "a port in ports") ports);
    Labels = union "Labels" (orElse { } (fromConfig "Labels")) (check.parse.Labels "labels" labels);
    Volumes =
      orElse { } (fromConfig "Volumes")
      // toSet (listed "volumes" (check.absolute "a path in volumes") volumes);
  };

  others = listToAttrs (
    map (name: {
      inherit name;
      value = fromConfig name;
    }) (filter (key: !(single ? ${key} || merged ? ${key})) check.keys)
  );

  isEmpty =
    key: value:
    value == null || value == { } || (value == [ ] && !(hasBase && builtins.elem key clearing));
  withoutEmpty = set: removeAttrs set (filter (key: isEmpty key set.${key}) (attrNames set));
in
withoutEmpty (others // singles // sets)
