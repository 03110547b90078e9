# The manifests that are checked in below rendered/, for people without Nix: file -> objects. `node
# scripts/render-operator.ts` writes them.
let
  inherit (import ./. { }) definitions operator;
in
{
  "operator.yaml" = definitions ++ operator { };
}
