/**
  Returns the `config` of an image: the program that the container runs, and its environment. Some arguments of
  `image` are short for keys of `config`, and are merged into it here. Each value has passed its check in
  image-config-check.nix.
*/
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

  # OCI key -> the argument that is short for it. Where both are given, they are merged...
  merged = {
    Env = "env";
    ExposedPorts = "ports";
    Labels = "labels";
    Volumes = "volumes";
  };
  # ... or refused, where they can't be merged.
  single = {
    User = "user";
    Entrypoint = "entrypoint";
    Cmd = "cmd";
    WorkingDir = "workingDir";
    StopSignal = "stopSignal";
  };

  # Upon a base, an empty list replaces the base's list, instead of inheriting it.
  clearing = [
    "Cmd"
    "Entrypoint"
  ];

  # Converts a list of names to the form that OCI gives to sets: { name = { }; }.
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
  # name or number of the user; a group may follow after `:`
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
  # whether there is a base, whose config is inherited
  hasBase,
}@args:
let
  known = onlyKnown builder "config" check.keys (
    if isAttrs config then config else refuse builder "config" config "an attribute set"
  );

  # A key of `config`, checked. It is null where the key is absent.
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
