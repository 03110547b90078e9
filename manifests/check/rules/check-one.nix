# Checks of one value or one list by a rule. A spot is { path; value; … } (rule-places.nix).
let
  inherit (builtins)
    attrNames
    concatMap
    concatStringsSep
    elem
    elemAt
    filter
    foldl'
    isList
    isString
    length
    map
    match
    stringLength
    toJSON
    ;
  inherit (import ../problem.nix) fieldPath isWrong problem;
  places = import ./rule-places.nix;
  inherit (places) stepsOf valueAt;
  isNone = places.isEmpty;
  isObject = import ../../../nix/is-plain-set.nix;
  quantityOf = import ./quantity.nix;
  hasForm = import ./text-form.nix;

  isIn =
    range: number:
    (elemAt range 0 == null || number >= elemAt range 0)
    && (elemAt range 1 == null || number <= elemAt range 1);
  describeRange =
    what: range:
    let
      least = toJSON (elemAt range 0);
      most = toJSON (elemAt range 1);
    in
    if least == "null" then
      "${what} up to ${most}"
    else if most == "null" then
      "${what} from ${least} on"
    else
      "${what} from ${least} to ${most}";
in
rec {
  checkText =
    form:
    { path, value, ... }:
    if !isString value || value == "" || hasForm form value then
      [ ]
    else
      isWrong path value form.expected;

  checkKeys =
    form:
    { path, value, ... }:
    if !isObject value then
      [ ]
    else
      concatMap (
        key:
        if hasForm form key then
          [ ]
        else
          problem (fieldPath path key) "${fieldPath path key} has a wrong name, expected ${form.expected}"
      ) (attrNames value);

  # A field that is null counts as absent. In a map, whose path has two steps here, null is an empty text.
  isPresent =
    value: path:
    let
      steps = stepsOf path;
      name = elemAt (elemAt steps 0) 0;
    in
    if length steps == 1 then
      value.${name} or null != null
    else
      isObject (value.${name} or null) && value.${name} ? ${elemAt (elemAt steps 1) 0};

  checkFields =
    {
      of,
      least,
      most ? null,
    }:
    { path, value, ... }:
    let
      found = filter (isPresent value) of;
      where = if path == "" then "it" else path;
    in
    if !isObject value then
      [ ]
    else if length found < least then
      problem path "${where} has none of ${concatStringsSep ", " of}, expected one"
    else if most != null && length found > most then
      problem path "${where} has ${concatStringsSep " and " found}, expected only one of them"
    else
      [ ];

  checkRange =
    range:
    { path, value, ... }:
    let
      number = quantityOf value;
    in
    if number == null || isIn range number then
      [ ]
    else
      isWrong path value (describeRange "a number" range);

  checkCount =
    range:
    { path, value, ... }:
    let
      count = if isList value then length value else length (attrNames value);
      what = if isList value then "a number of items" else "a number of fields";
    in
    if !(isList value || isObject value) || isIn range count then
      [ ]
    else
      isWrong path value (describeRange what range);

  checkBytes =
    most:
    { path, value, ... }:
    let
      bytes = foldl' (
        sum: key: if isString value.${key} then sum + stringLength value.${key} else sum
      ) 0 (attrNames value);
    in
    if !isObject value || bytes <= most then
      [ ]
    else
      problem path "${path} has ${toString bytes} bytes, expected at most ${toString most}";

  checkDiffer =
    fields: spots:
    let
      keys = map (
        text:
        let
          parts = match "([^=]*)(=(.*))?" text;
        in
        {
          path = elemAt parts 0;
          steps = stepsOf (elemAt parts 0);
          standard = if elemAt parts 1 == null then null else elemAt parts 2;
        }
      ) fields;
      identity =
        { value, ... }:
        map (
          key:
          let
            found = valueAt value key.steps;
          in
          if isNone found || found == 0 then key.standard else found
        ) keys;
      visit =
        { seen, first }:
        spot:
        let
          parts = identity spot;
          name = toJSON parts;
        in
        if first != null || spot.value == null || elem null parts then
          { inherit seen first; }
        else if seen ? ${name} then
          {
            inherit seen;
            first = spot;
          }
        else
          {
            seen = seen // {
              ${name} = null;
            };
            inherit first;
          };
      repeated =
        (foldl' visit {
          seen = { };
          first = null;
        } spots).first;
      names = concatStringsSep " and " (map (key: if key.path == "" then "value" else key.path) keys);
    in
    if length spots < 2 || repeated == null then
      [ ]
    else
      problem repeated.path "${repeated.path} is there twice, expected each ${names} once";
}
