# The `spec` of a PersistentVolumeClaim: "10Gi", or { storage = "10Gi"; storageClassName = "fast"; ... }.
let
  inherit (builtins)
    isAttrs
    isString
    match
    removeAttrs
    ;
  inherit (import ../../nix/refuse.nix) refuse;

  # resource.Quantity, as far as storage needs it.
  isSize = text: isString text && match "[0-9]+(\\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][0-9]+)?" text != null;

  toClaimSpec =
    builder: field: claim:
    if isString claim then
      toClaimSpec builder field { storage = claim; }
    else if !isAttrs claim || claim ? outPath then
      refuse builder field claim ''a size such as "10Gi", or an attribute set with `storage` in it''
    else
      {
        accessModes = [ "ReadWriteOnce" ];
      }
      // removeAttrs claim [ "storage" ]
      // {
        resources =
          claim.resources or { }
          // {
            requests =
              claim.resources.requests or { }
              // (
                if claim ? resources.requests.storage && !(claim ? storage) then
                  { }
                else if isSize (claim.storage or null) then
                  { inherit (claim) storage; }
                else
                  refuse builder "${field}.storage" (claim.storage or null) ''a size such as "10Gi"''
              );
          };
      };
in
toClaimSpec
