# Rules that compare a value with another place of the same definition.
let
  inherit (builtins)
    all
    attrNames
    concatMap
    concatStringsSep
    elem
    filter
    head
    isFloat
    isInt
    isString
    listToAttrs
    map
    replaceStrings
    toJSON
    ;
  inherit (import ../../../nix/refuse.nix) show;
  inherit (import ../problem.nix) fieldPath isWrong problem;
  inherit (import ./rule-places.nix) stepsOf valueAt;
  isObject = import ../../../nix/is-plain-set.nix;
  quantityOf = import ./quantity.nix;

  dotted = replaceStrings [ "/" ] [ "." ];
in
# find: spot -> steps -> spots (rule-places.nix)
find: rec {
  checkFrom =
    whole:
    { paths, what }:
    { path, value, ... }:
    let
      known = map (spot: spot.value) (concatMap (from: find whole (stepsOf from)) paths);
      texts = attrNames (
        listToAttrs (
          map (name: {
            inherit name;
            value = null;
          }) (filter isString known)
        )
      );
    in
    if !isString value || value == "" || elem value known then
      [ ]
    else
      isWrong path value (
        "${what}, "
        + (if texts == [ ] then "and there is none" else "there are: ${concatStringsSep ", " texts}")
      );

  compare =
    spot: limit:
    let
      number = quantityOf spot.value;
      most = quantityOf limit.value;
    in
    if number == null || most == null || number <= most then
      [ ]
    else
      isWrong spot.path spot.value "at most ${show limit.value}, as ${limit.path} is";

  checkUpTo =
    whole: otherPath: spot:
    let
      others = find whole (stepsOf otherPath);
      other = head others;
    in
    if others == [ ] then
      [ ]
    else if !isObject spot.value then
      compare spot other
    else
      concatMap (
        key:
        concatMap (compare {
          path = fieldPath spot.path key;
          value = spot.value.${key};
        }) (find other [ [ key ] ])
      ) (attrNames spot.value);

  checkApart =
    whole: otherPath:
    { path, value, ... }:
    let
      found = valueAt whole.value (stepsOf otherPath);
      other = if isObject found then found else { };
    in
    concatMap (
      key:
      if other ? ${key} then
        problem (fieldPath path key) "${fieldPath path key} is in ${otherPath}, too, expected it in one of them"
      else
        [ ]
    ) (if isObject value then attrNames value else [ ]);

  checkAbove =
    whole: otherPath:
    { path, value, ... }:
    let
      others = find whole (stepsOf otherPath);
      other = head others;
      isNumber = one: isInt one || isFloat one;
    in
    if others == [ ] || !isNumber value || !isNumber other.value || value > other.value then
      [ ]
    else
      isWrong path value "more than ${toJSON other.value}, as ${other.path} is";

  checkJoins =
    whole: paths:
    { path, value, ... }:
    let
      parts = map (from: valueAt whole.value (stepsOf from)) paths;
      joined = concatStringsSep "." parts;
    in
    if !all isString parts || joined == value then
      [ ]
    else
      isWrong path value "${show joined}, which is ${concatStringsSep " and " (map dotted paths)}";
}
