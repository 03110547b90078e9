# Lists that may have each item once only: sets, and maps by some keys of their items (apiextensions,
# schema/listtype).
let
  inherit (builtins)
    attrNames
    concatMap
    concatStringsSep
    elemAt
    filter
    genList
    groupBy
    head
    length
    listToAttrs
    map
    sort
    toJSON
    ;
  inherit (import ../problem.nix) isWrong itemPath problem;
  isObject = import ../../../nix/is-plain-set.nix;

  keysOf =
    keys: one:
    listToAttrs (
      map (name: {
        inherit name;
        value = one.${name};
      }) (filter (key: isObject one && one ? ${key}) keys)
    );

  # An item that occurs several times is reported once.
  repeated =
    path: what: list:
    let
      groups = groupBy (index: toJSON (elemAt list index)) (genList (index: index) (length list));
      indexes = map (key: elemAt groups.${key} 1) (
        filter (key: length groups.${key} > 1) (attrNames groups)
      );
    in
    concatMap (
      index:
      problem (itemPath path index) "${itemPath path index} is there twice, expected each ${what} once"
    ) (sort (a: b: a < b) indexes);

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
/**
  Returns a list of problems.
*/
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
