# The environment of an application: variables with values, and variables from Secrets in the cluster.
let
  inherit (builtins)
    attrNames
    elemAt
    head
    intersectAttrs
    isAttrs
    isList
    isString
    map
    mapAttrs
    match
    toJSON
    ;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/name.nix) checkSubdomain;
  inherit (import ../../nix/environment.nix) checkName toValue;

  # Kubernetes' own { valueFrom = ...; } stays as it is.
  checkVariable =
    builder: name: value:
    builtins.seq (checkName builder "env" name) (
      if isPlainSet value then value else toValue builder "env.${name}" value
    );

  # "web/password" -> the key `password` of the Secret `web`
  toKey =
    builder: name: value:
    let
      parts = if isString value then match "([^/]+)/([-._a-zA-Z0-9]+)" value else null;
    in
    if parts == null then
      refuse builder "secrets.${name}" value ''"<name of a Secret>/<key in it>"''
    else
      {
        valueFrom.secretKeyRef = {
          name = checkSubdomain builder "the Secret in secrets.${name}" (elemAt parts 0);
          key = elemAt parts 1;
        };
      };
in
/**
  Returns { env; envFrom; }, as a container has them.
*/
{
  # the builder that refuses
  builder,
  # attribute set: variable -> value
  env,
  # list of names of Secrets, whose keys all become variables; or an attribute set: variable -> "<Secret>/<key>"
  secrets,
}:
let
  variables =
    if isPlainSet env then
      mapAttrs (checkVariable builder) env
    else
      refuse builder "env" env "an attribute set, variable name to value";
  keys = if isAttrs secrets then mapAttrs (toKey builder) secrets else { };
  both = attrNames (intersectAttrs keys variables);
in
if !isAttrs secrets && !isList secrets then
  refuse builder "secrets" secrets
    ''names of Secrets in a list, or an attribute set, variable to "<Secret>/<key>"''
else if both != [ ] then
  throw "${builder}: ${toJSON (head both)} is in env and in secrets, expected in one of them"
else
  {
    env = variables // keys;
    envFrom =
      if isList secrets then
        map (name: {
          secretRef.name = checkSubdomain builder "an item of secrets" name;
        }) secrets
      else
        [ ];
  }
