/**
  Returns a PodDisruptionBudget, which limits how many Pods the drain of a node takes away at once.
*/
let
  inherit (builtins)
    isInt
    isString
    match
    removeAttrs
    trace
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/choice.nix) refuseKind;
  inherit (import ../objects/metadata.nix)
    named
    toMetadata
    withoutMetadata
    namespaceOf
    ;
  inherit (import ../pods/selector.nix) nameLabel parse;

  selectorOf =
    builder: workload:
    workload.spec.selector or (refuseKind builder "for" workload
      "a Deployment, a StatefulSet or another workload with a selector that this library made"
    );

  # The drain of a node waits for ever where no Pod may be taken away.
  warned =
    builder: for: minAvailable: maxUnavailable: result:
    if
      minAvailable == "100%"
      || maxUnavailable == 0
      || maxUnavailable == "0%"
      || (isInt minAvailable && for ? spec.replicas && minAvailable >= for.spec.replicas)
    then
      trace (
        "warning: ${builder}: no Pod may be taken away, so that no node of theirs can be drained; expected "
        + (
          if minAvailable == null then
            "maxUnavailable from 1 on"
          else
            "minAvailable below the number of replicas"
        )
      ) result
    else
      result;

  checkAmount =
    builder: field: value:
    if (isInt value && value >= 0) || (isString value && match "([0-9]{1,2}|100)%" value != null) then
      value
    else
      refuse builder field value ''a number of Pods, or a share such as "50%"'';
in
# name, namespace, labels, annotations, metadata, and the fields of PodDisruptionBudgetSpec
{
  # the workload with the Pods. Its selector and its namespace are used
  for ? null,
  # labels of the Pods, or a whole LabelSelector
  selector ?
    if args.for or null != null then
      selectorOf (named "podDisruptionBudget" args) for
    else
      { ${nameLabel} = args.name or (throw "podDisruptionBudget: name is missing"); },
  # number of Pods that must stay, or "50%"
  minAvailable ? null,
  # number of Pods that may be away
  maxUnavailable ? null,
  ...
}@args:
let
  builder = named "podDisruptionBudget" args;
  rest = removeAttrs (withoutMetadata args) [
    "for"
    "selector"
    "minAvailable"
    "maxUnavailable"
  ];
in
if (minAvailable == null) == (maxUnavailable == null) then
  throw (
    "${builder}: "
    + (
      if minAvailable == null then
        "neither minAvailable nor maxUnavailable is"
      else
        "minAvailable and maxUnavailable both are"
    )
    + " there, expected one of them"
  )
else
  warned builder for minAvailable maxUnavailable {
    apiVersion = "policy/v1";
    kind = "PodDisruptionBudget";
    metadata = toMetadata { inherit builder; } (namespaceOf for // args);
    spec =
      rest
      // {
        selector = parse builder selector;
      }
      // (
        if minAvailable == null then
          { maxUnavailable = checkAmount builder "maxUnavailable" maxUnavailable; }
        else
          { minAvailable = checkAmount builder "minAvailable" minAvailable; }
      );
  }
