/**
  Returns the rights of the operator in a namespace that has profiles: to read Secrets that have a kubeconfig, and to
  act for ServiceAccounts. It gets nothing that isn't named.
*/
{ role, roleBinding, ... }:
let
  inherit (builtins) isList;
  inherit (import ../../nix/refuse.nix) refuse;
  builder = "operatorAccess";

  names = field: value: if isList value then value else refuse builder field value "a list of names";
in
{
  # namespace of the profiles
  namespace,
  # names of ServiceAccounts of this namespace that profiles may name
  serviceAccounts ? [ ],
  # names of Secrets that have a kubeconfig
  secrets ? [ ],
  # whether DeliverySets choose Secrets by labels. The operator may then read all Secrets of the namespace
  secretsByLabel ? false,
  # name of the Role and of its binding
  name ? "pushless-operator",
  # the operator's own ServiceAccount
  operator ? {
    name = "pushless-operator";
    namespace = "pushless-operator";
  },
}:
let
  rules =
    (
      if names "serviceAccounts" serviceAccounts == [ ] then
        [ ]
      else
        [
          {
            resources = [ "serviceaccounts" ];
            resourceNames = serviceAccounts;
            verbs = [ "impersonate" ];
          }
        ]
    )
    ++ (
      if secretsByLabel then
        [
          {
            resources = [ "secrets" ];
            verbs = [
              "get"
              "list"
              "watch"
            ];
          }
        ]
      else if names "secrets" secrets == [ ] then
        [ ]
      else
        [
          {
            resources = [ "secrets" ];
            resourceNames = secrets;
            verbs = [
              "get"
              "list"
              "watch"
            ];
          }
        ]
    );
in
if rules == [ ] then
  throw "${builder}: neither serviceAccounts nor secrets are given, so there is nothing to allow"
else
  [
    (role { inherit name namespace rules; })
    (roleBinding {
      inherit name namespace;
      roleRef = {
        apiGroup = "rbac.authorization.k8s.io";
        kind = "Role";
        inherit name;
      };
      subjects = [ ({ kind = "ServiceAccount"; } // operator) ];
    })
  ]
