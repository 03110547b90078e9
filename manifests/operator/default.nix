/**
  The operator in a cluster, made with this library's own builders: its kinds, itself, and the rights that it needs in
  the namespaces of profiles.
*/
{
  # the registry that images are pulled from, as for ../default.nix
  registry ? "nix.internal",
}:
let
  builders = import ../. {
    system = null;
    inherit registry;
  };
in
{
  # the CustomResourceDefinitions
  definitions = import ./definitions.nix builders.customResourceDefinition;
  operator = import ./operator.nix builders;
  operatorAccess = import ./operator-access.nix builders;
}
