# The resources of an application. Memory has a limit, since an application that grows without end takes its node with
# it. Processor time has no limit: all free time may be used, and the request guarantees a share.
let
  inherit (builtins)
    attrNames
    concatStringsSep
    isAttrs
    isFloat
    isInt
    isString
    match
    toJSON
    ;
  inherit (import ../../nix/refuse.nix) refuse onlyKnown;

  toSize = cpu: memory: limit: {
    requests = { inherit cpu memory; };
    limits.memory = limit;
  };
  sizes = {
    small = toSize "50m" "128Mi" "256Mi";
    medium = toSize "250m" "512Mi" "1Gi";
    large = toSize "1" "2Gi" "4Gi";
  };

  # resource.Quantity, in the forms that people write for processor time and memory.
  isQuantity =
    value:
    isInt value
    || isFloat value
    || (isString value && match "[0-9]+(\\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?" value != null);

  checkQuantity =
    builder: field: value:
    if isQuantity value then
      value
    else
      refuse builder field value ''a quantity, such as "250m" or "256Mi"'';
in
/**
  Returns the field `resources` of a container.
*/
{
  # the builder that refuses
  builder,
  # "small", "medium", "large"
  size,
  # { cpu; memory; }, both of them optional, or Kubernetes' { requests; limits; }
  resources,
}:
if !isString size || !(sizes ? ${size}) then
  refuse builder "size" size (concatStringsSep ", " (map toJSON (attrNames sizes)))
else if resources == null then
  sizes.${size}
else if !isAttrs resources then
  refuse builder "resources" resources ''{ cpu = "250m"; memory = "256Mi"; }''
else if resources ? requests || resources ? limits then
  onlyKnown builder "a name in resources" [
    "requests"
    "limits"
    "claims"
  ] resources
else
  let
    given = builtins.mapAttrs (name: checkQuantity builder "resources.${name}") (
      onlyKnown builder "a name in resources" [
        "cpu"
        "memory"
      ] resources
    );
    inherit (sizes.${size}) requests limits;
  in
  {
    requests = requests // given;
    limits = if given ? memory then { inherit (given) memory; } else limits;
  }
