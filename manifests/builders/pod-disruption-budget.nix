# A PodDisruptionBudget: how many Pods a drained node may take away at once.
let
  inherit (builtins)
    isInt
    isString
    match
    removeAttrs
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/metadata.nix) toMetadata withoutMetadata;
  inherit (import ../pods/selector.nix) nameLabel parse;

  builder = "podDisruptionBudget";

  checkAmount =
    field: value:
    if (isInt value && value >= 0) || (isString value && match "[0-9]{1,3}%" value != null) then
      value
    else
      refuse builder field value ''a number of Pods, or a share such as "50%"'';
in
# name, namespace, labels, annotations, metadata, and the fields of PodDisruptionBudgetSpec
{
  # the workload whose Pods are meant: its selector and its namespace are taken from there
  for ? null,
  # labels of the Pods, or a whole LabelSelector
  selector ? if args ? for then for.spec.selector else { ${nameLabel} = args.name; },
  # how many must stay: a number, or "50%"
  minAvailable ? null,
  # how many may be away
  maxUnavailable ? null,
  ...
}@args:
let
  rest = removeAttrs (withoutMetadata args) [
    "for"
    "selector"
    "minAvailable"
    "maxUnavailable"
  ];
  inherited = if for.metadata.namespace or null == null then { } else { inherit (for.metadata) namespace; };
in
if (minAvailable == null) == (maxUnavailable == null) then
  throw "${builder}: minAvailable and maxUnavailable, expected one of them"
else
  {
    apiVersion = "policy/v1";
    kind = "PodDisruptionBudget";
    metadata = toMetadata { inherit builder; } (inherited // args);
    spec =
      rest
      // {
        selector = parse builder selector;
      }
      // (
        if minAvailable == null then
          { maxUnavailable = checkAmount "maxUnavailable" maxUnavailable; }
        else
          { minAvailable = checkAmount "minAvailable" minAvailable; }
      );
  }
