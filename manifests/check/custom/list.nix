# Lists whose items may be there once only: sets, and maps by keys of theirs (apiextensions, schema/listtype).
let
  inherit (builtins)
    attrNames
    concatStringsSep
    elemAt
    filter
    genList
    groupBy
    head
    isAttrs
    length
    listToAttrs
    map
    sort
    toJSON
    ;
  inherit (import ../problem.nix) isWrong itemPath;

  isObject = value: isAttrs value && !(value ? outPath);

  keysOf =
    keys: one:
    listToAttrs (
      map (name: {
        inherit name;
        value = one.${name};
      }) (filter (key: isObject one && one ? ${key}) keys)
    );

  # Each that is there again is said once.
  repeated =
    path: what: list:
    let
      groups = groupBy (index: toJSON (elemAt list index)) (genList (index: index) (length list));
      indexes = map (key: elemAt groups.${key} 1) (
        filter (key: length groups.${key} > 1) (attrNames groups)
      );
    in
    map (index: "${itemPath path index} is there twice, expected each ${what} once") (
      sort (a: b: a < b) indexes
    );

  checkMap =
    keys: path: list:
    let
      others = filter (index: elemAt list index != null && !isObject (elemAt list index)) (
        genList (index: index) (length list)
      );
      first = head others;
    in
    if others != [ ] then
      isWrong (itemPath path first) (elemAt list first) "an object"
    else
      repeated path (concatStringsSep " and " keys) (map (keysOf keys) list);
in
# schema -> path -> list -> list of problems
schema: path: list:
let
  type = schema.x-kubernetes-list-type or null;
in
if type == "set" then
  repeated path "value" list
else if type == "map" then
  checkMap (schema.x-kubernetes-list-map-keys or [ ]) path list
else
  [ ]
