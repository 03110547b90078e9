# What the files of a set of objects are called: `NN-kind[-namespace]-name`, so that the order of names is the order in
# which kubectl shall apply them. The numbers stand in object-order.json, which `pushless manifests rewrite` reads too.
#
# Kinds nobody here knows come after workloads and before webhooks: what a webhook calls may not run yet, and until it
# does the webhook turns everything away.
let
  inherit (builtins)
    attrNames
    concatLists
    concatMap
    concatStringsSep
    elemAt
    filter
    fromJSON
    genList
    groupBy
    head
    isString
    length
    listToAttrs
    map
    match
    sort
    split
    substring
    unsafeDiscardStringContext
    ;
  inherit (import ../../nix/letters.nix) lowerCase;
  identityOf = import ../objects/identity.nix;

  order = fromJSON (import ../../nix/read-text.nix ./object-order.json);
  numbers = listToAttrs (
    concatMap (
      group:
      map (kind: {
        name = kind;
        value = group.number;
      }) group.kinds
    ) order.groups
  );

  # "Service", "Deployment.apps": as kubectl spells a kind with its group.
  groupKindOf =
    object:
    let
      group = match "(.*)/[^/]*" object.apiVersion;
    in
    if group == null then object.kind else "${object.kind}.${elemAt group 0}";

  # File systems allow 255 bytes; the rest is for what tells equal names apart, and the extension.
  maxLength = 220;

  # Names of RBAC have colons in them. No underscore is left, which stands before the number of equal names.
  toFileName = text: concatStringsSep "-" (filter isString (split "[^a-z0-9.-]+" (lowerCase text)));

  baseOf =
    object:
    let
      number = numbers.${unsafeDiscardStringContext (groupKindOf object)} or order.others;
      parts = [
        number
        object.kind
      ]
      ++ (if (object.metadata.namespace or null) == null then [ ] else [ object.metadata.namespace ])
      ++ [ object.metadata.name ];
    in
    substring 0 maxLength (toFileName (unsafeDiscardStringContext (concatStringsSep "-" parts)));

  # Names that only differ in what files can't show are told apart by a number.
  number =
    files:
    let
      sorted = sort (a: b: identityOf a < identityOf b) files;
    in
    genList (index: {
      base = baseOf (head files) + (if index == 0 then "" else "_${toString (index + 1)}");
      object = elemAt sorted index;
    }) (length sorted);
in
# objects -> [ { base = "50-deployment-shop-web"; object = { ... }; } ], in their order
objects:
let
  groups = groupBy baseOf objects;
  named = concatLists (map (base: number groups.${base}) (attrNames groups));
in
sort (a: b: a.base < b.base) named
