# Checks a value by the rules of its definition: what the API server asks beyond its schema. The rules are data,
# ../schema/rules.json, whose form src/kubernetes/check/rules/rules.ts describes; the checker there says the same, word for word.
#
# Rules are prepared once for each definition, and a path is split when a rule first needs it.
let
  inherit (builtins)
    all
    attrNames
    concatMap
    concatStringsSep
    elem
    elemAt
    filter
    foldl'
    head
    isList
    isString
    length
    map
    mapAttrs
    match
    stringLength
    toJSON
    ;
  inherit (import ../../nix/refuse.nix) show;
  inherit (import ./problem.nix)
    fieldPath
    isEmpty
    isMissing
    isWrong
    ;
  places = import ./rule-places.nix;
  inherit (places)
    isObject
    spotsAt
    stepsOf
    valueAt
    ;
  isNone = places.isEmpty;
  quantityOf = import ./quantity.nix;
  hasForm = import ./text-form.nix;
  checkSelector = import ./selector.nix;
  relations = import ./relations.nix;

  prepareCondition = condition: condition // { steps = stepsOf condition.at; };
  prepare =
    rule:
    rule
    // {
      steps = stepsOf rule.at;
      roots = if rule ? each then stepsOf rule.each else null;
      when = map prepareCondition (rule.when or [ ]);
    };

  # { path; message; } of a problem that is worded otherwise
  problem = path: message: [ { inherit path message; } ];
  isIn = range: number: (elemAt range 0 == null || number >= elemAt range 0) && (elemAt range 1 == null || number <= elemAt range 1);
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
  words = list: concatStringsSep ", " (map toJSON list);

in
{
  # of the schema
  definitions,
  # ../schema/rules.json
  rules,
}:
let
  prepared = mapAttrs (_: map prepare) rules.definitions;
  find = spotsAt definitions;
  inherit (relations find)
    checkAbove
    checkApart
    checkFrom
    checkJoins
    checkUpTo
    ;

  holds =
    value: condition:
    let
      found = valueAt value condition.steps;
      counted = if isNone found then condition.default or null else found;
    in
    (!condition ? is || elem counted condition.is)
    && (!condition ? isNot || !elem counted condition.isNot)
    && (!condition ? more || (isList found && length found > condition.more))
    && (!condition ? has || condition.has == !isNone found);

  checkText =
    form: { path, value, ... }:
    if !isString value || value == "" || hasForm form value then [ ] else isWrong path value form.expected;

  checkKeys =
    form: { path, value, ... }:
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

  # A null is an absent field, but in a map, whose path has two steps here, it is an empty text.
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
    range: { path, value, ... }:
    let
      number = quantityOf value;
    in
    if number == null || isIn range number then [ ] else isWrong path value (describeRange "a number" range);

  checkCount =
    range: { path, value, ... }:
    let
      count = if isList value then length value else length (attrNames value);
      what = if isList value then "a number of items" else "a number of fields";
    in
    if !(isList value || isObject value) || isIn range count then [ ] else isWrong path value (describeRange what range);

  checkBytes =
    most: { path, value, ... }:
    let
      bytes = foldl' (sum: key: if isString value.${key} then sum + stringLength value.${key} else sum) 0 (attrNames value);
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
            seen = seen // { ${name} = null; };
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

  checkPresence =
    rule: spot:
    let
      inherit (spot) path value;
    in
    (
      if !rule ? filled || !isNone value then
        [ ]
      else if value == null then
        isMissing path rule.filled
      else
        isEmpty path rule.filled
    )
    ++ (if !rule ? present || value != null then [ ] else isMissing path rule.present)
    ++ (if !rule ? none || isNone value then [ ] else isWrong path value "none, ${rule.none}")
    ++ (if rule ? fields then checkFields rule.fields spot else [ ]);

  checkOne =
    whole: rule: spot:
    let
      inherit (spot) path value;
    in
    (if rule ? range then checkRange rule.range spot else [ ])
    ++ (if rule ? text then checkText rules.texts.${rule.text} spot else [ ])
    ++ (if rule ? keys then checkKeys rules.texts.${rule.keys} spot else [ ])
    ++ (
      if !rule ? words || value == "" || elem value rule.words then [ ] else isWrong path value "one of ${words rule.words}"
    )
    ++ (
      if rule ? notWords && elem value rule.notWords then
        isWrong path value "another than ${words rule.notWords}"
      else
        [ ]
    )
    ++ (if rule ? count then checkCount rule.count spot else [ ])
    ++ (if rule ? bytes then checkBytes rule.bytes spot else [ ])
    ++ (if rule ? from then checkFrom whole rule.from spot else [ ])
    ++ (if rule ? selects then checkSelector whole rule.selects spot else [ ])
    ++ (if rule ? upTo then checkUpTo whole rule.upTo spot else [ ])
    ++ (if rule ? apart then checkApart whole rule.apart spot else [ ])
    ++ (if rule ? above then checkAbove whole rule.above spot else [ ])
    ++ (if rule ? joins then checkJoins whole rule.joins spot else [ ]);

  checkRule =
    whole: rule:
    let
      roots = if rule.roots == null then [ whole ] else find whole rule.roots;
      checkRoot =
        root:
        let
          found = find root rule.steps;
        in
        if !all (holds root.value) rule.when then
          [ ]
        else
          concatMap (spot: checkPresence rule spot ++ (if spot.value == null then [ ] else checkOne root rule spot)) found
          ++ (if rule ? differ then checkDiffer rule.differ found else [ ]);
    in
    map (one: one // { isRule = true; } // (if rule.warning or false then { isWarning = true; } else { })) (
      concatMap checkRoot roots
    );
in
{
  # name of a definition -> path -> value -> problems, in the order of the rules
  checkRules =
    type: path: value:
    if !prepared ? ${type} || !isObject value then
      [ ]
    else
      concatMap (checkRule { inherit path value type; }) prepared.${type};

  # "v1/Service" -> metadata -> problems of the name. A generated name gets its last letters later.
  checkName =
    kind:
    {
      name,
      generateName ? null,
      ...
    }:
    let
      form = rules.texts.${rules.names.${kind} or rules.names.default};
      begun = match "(.*)-" name;
      value = if generateName == name && begun != null then head begun else name;
    in
    if name == "" then
      isEmpty "metadata.name" "a name"
    else
      checkText form {
        path = "metadata.name";
        inherit value;
      };
}
