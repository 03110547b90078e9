# Label selectors of workloads, which must match their own Pods.
let
  inherit (builtins)
    attrNames
    concatMap
    elem
    elemAt
    genList
    isAttrs
    isList
    isString
    length
    ;
  inherit (import ../../../nix/refuse.nix) show;
  inherit (import ../problem.nix)
    fieldPath
    isEmpty
    isMissing
    isWrong
    itemPath
    problem
    ;
  places = import ./rule-places.nix;
  isObject = import ../../../nix/is-plain-set.nix;
  inherit (places)
    placeAt
    stepsOf
    valueAt
    ;

  # A requirement that is itself wrong counts as met, since it has a problem already.
  meets =
    requirement: labels:
    let
      key = requirement.key or null;
      values = requirement.values or [ ];
      has = labels ? ${key};
      isIn' = has && isList values && elem labels.${key} values;
      operators = {
        In = isIn';
        NotIn = !isIn';
        Exists = has;
        DoesNotExist = !has;
      };
      operator = requirement.operator or null;
    in
    !isString key || !isString operator || operators.${operator} or true;
in
/**
  Checks that a label selector, or a plain map of labels, isn't empty and matches the labels at `labelsPath` of
  `whole`.
*/
whole: labelsPath:
{
  path,
  value,
  type,
}:
let
  steps = stepsOf labelsPath;
  at = placeAt whole.path steps;
  objectOr = found: if isObject found then found else { };
  labels = objectOr (valueAt whole.value steps);
  # This is a plain map of labels, and not a label selector.
  isPlain = isAttrs type;
  wanted = if isPlain then value else objectOr (value.matchLabels or null);
  source = if isPlain then path else fieldPath path "matchLabels";
  asked = if isPlain then [ ] else value.matchExpressions or [ ];
  expressions = if isList asked then asked else [ ];
  indexes = genList (index: index) (length expressions);
in
if !isObject value || places.isEmpty value then
  [ ]
else if wanted == { } && expressions == [ ] then
  isEmpty path "labels of the Pods"
else
  concatMap (
    key:
    let
      label = fieldPath at key;
      expected = "${show wanted.${key}}, as ${source} has it";
    in
    if labels.${key} or null == wanted.${key} then
      [ ]
    else if labels ? ${key} then
      isWrong label labels.${key} expected
    else
      isMissing label expected
  ) (attrNames wanted)
  ++ concatMap (
    index:
    let
      place = itemPath (fieldPath path "matchExpressions") index;
      requirement = elemAt expressions index;
    in
    if !isObject requirement || meets requirement labels then
      [ ]
    else
      problem place "${place} isn't true of ${at}, expected what is"
  ) indexes
