/**
  Returns the objects with the names of their files: `NN-kind[-namespace]-name`. The order of the names is the order
  in which kubectl applies the files. The numbers are in object-order.json, which `pushless manifests rewrite` reads
  too.

  Unknown kinds come after workloads and before webhooks. A webhook may call a program that doesn't run yet, and until
  it runs the webhook rejects every object.
*/
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

  # The spelling that kubectl has for a kind with its group: "Service", "Deployment.apps".
  groupKindOf =
    object:
    let
      group = match "(.*)/[^/]*" object.apiVersion;
    in
    if group == null then object.kind else "${object.kind}.${elemAt group 0}";

  # File systems allow 255 bytes. The rest is for the number of equal names, and for the extension.
  maxLength = 220;

  # Names of RBAC have colons in them. No underscore is left, since one stands before the number of equal names.
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

  # Numbers the objects whose names become the same file name.
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
