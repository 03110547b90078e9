# Checks a value by the rules of its definition, which the API server checks beyond its schema. The rules are data,
# ../../schema/rules.json. src/kubernetes/check/rules/rules.ts describes their form, and has the same messages.
#
# Rules are prepared once for each definition. A path is split when a rule first needs it.
let
  inherit (builtins)
    all
    concatMap
    concatStringsSep
    elem
    head
    isList
    length
    map
    mapAttrs
    match
    toJSON
    ;
  inherit (import ../problem.nix)
    isEmpty
    isMissing
    isWrong
    ;
  places = import ./rule-places.nix;
  isObject = import ../../../nix/is-plain-set.nix;
  inherit (places)
    spotsAt
    stepsOf
    valueAt
    ;
  isNone = places.isEmpty;
  checkSelector = import ./check-selector.nix;
  relations = import ./check-relations.nix;
  inherit (import ./check-one.nix)
    checkBytes
    checkCount
    checkDiffer
    checkFields
    checkKeys
    checkRange
    checkText
    ;

  prepareCondition = condition: condition // { steps = stepsOf condition.at; };
  prepare =
    rule:
    rule
    // {
      steps = stepsOf rule.at;
      roots = if rule ? each then stepsOf rule.each else null;
      when = map prepareCondition (rule.when or [ ]);
    };

  words = list: concatStringsSep ", " (map toJSON list);
in
{
  # definitions of the schema
  definitions,
  # rules of ../../schema/rules.json
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
      if !rule ? words || value == "" || elem value rule.words then
        [ ]
      else
        isWrong path value "one of ${words rule.words}"
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
          concatMap (
            spot: checkPresence rule spot ++ (if spot.value == null then [ ] else checkOne root rule spot)
          ) found
          ++ (if rule ? differ then checkDiffer rule.differ found else [ ]);
    in
    map (
      one: one // { isRule = true; } // (if rule.warning or false then { isWarning = true; } else { })
    ) (concatMap checkRoot roots);
in
{
  /**
    Returns problems in the order of the rules: name of a definition -> path -> value -> problems.
  */
  checkRules =
    type: path: value:
    if !prepared ? ${type} || !isObject value then
      [ ]
    else
      concatMap (checkRule { inherit path value type; }) prepared.${type};

  /**
    Returns the problems of an object's name: "v1/Service" -> metadata -> problems. A generated name gets its last
    letters later.
  */
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
