/**
  Returns the `spec` of a PersistentVolumeClaim from "10Gi", or { storage = "10Gi"; storageClassName = "fast"; ... }.
*/
let
  inherit (builtins)
    concatStringsSep
    isList
    isString
    map
    match
    removeAttrs
    ;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ./choice.nix) choice;

  # resource.Quantity, in the forms that storage needs.
  isSize =
    text:
    isString text
    && match "[0-9]+(\\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][0-9]+)?" text != null;

  accessModes = [
    "ReadWriteOnce"
    "ReadOnlyMany"
    "ReadWriteMany"
    "ReadWriteOncePod"
  ];
  checkModes =
    builder: field: modes:
    if !isList modes || modes == [ ] then
      refuse builder field modes "a list of ${concatStringsSep ", " accessModes}"
    else
      map (choice builder "an item of ${field}" accessModes) modes;

  toClaimSpec =
    builder: field: claim:
    let
      # A claim with a builder of its own isn't in a field.
      within = key: if field == null then key else "${field}.${key}";
    in
    if isString claim then
      toClaimSpec builder field { storage = claim; }
    else if !isPlainSet claim then
      refuse builder field claim ''a size such as "10Gi", or an attribute set with `storage` in it''
    else
      {
        accessModes = [ "ReadWriteOnce" ];
      }
      // removeAttrs claim [ "storage" ]
      // (
        if claim ? accessModes then
          { accessModes = checkModes builder (within "accessModes") claim.accessModes; }
        else
          { }
      )
      // {
        resources = claim.resources or { } // {
          requests =
            claim.resources.requests or { }
            // (
              if claim ? resources.requests.storage && !(claim ? storage) then
                { }
              else if isSize (claim.storage or null) then
                { inherit (claim) storage; }
              else
                refuse builder (within "storage") (claim.storage or null) ''a size such as "10Gi"''
            );
        };
      };
in
toClaimSpec
