/**
  Returns the builders of the rights in a cluster: Role, ClusterRole, RoleBinding and ClusterRoleBinding.
*/
let
  inherit (builtins)
    attrNames
    elem
    elemAt
    groupBy
    isAttrs
    isList
    isString
    map
    match
    removeAttrs
    ;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/metadata.nix) named toMetadata withoutMetadata;
  inherit (import ../objects/name.nix) checkPathSegment;

  groupOf = import ../objects/api-group.nix;

  apiGroup = "rbac.authorization.k8s.io";

  list =
    builder: field: value:
    if isList value then value else refuse builder field value "a list";

  # Kubernetes requires the API groups of a rule. People forget that the core's group is "". So a missing group is
  # found by the resource.
  withGroups =
    builder: rule:
    let
      resources = list builder "rules.resources" rule.resources;
      groups = map (
        resource:
        let
          group = if isString resource then groupOf resource else null;
        in
        if group == null then
          refuse builder "an item of rules.resources" resource
            "a resource of Kubernetes' own, or apiGroups = [ \"<group>\" ] beside it"
        else
          group
      ) resources;
    in
    if rule ? apiGroups then
      rule
    else
      { apiGroups = attrNames (groupBy (group: group) groups); } // rule;

  toRule =
    builder: namespaced: rule:
    if !isPlainSet rule then
      refuse builder "an item of rules" rule
        "an attribute set with verbs, and resources or nonResourceURLs"
    else if list builder "rules.verbs" (rule.verbs or [ ]) == [ ] then
      throw "${builder}: a rule has no verbs, expected a list such as [ \"get\" \"list\" \"watch\" ]"
    else if rule ? resources then
      (
        if rule ? nonResourceURLs then
          throw "${builder}: a rule has both resources and nonResourceURLs, expected a rule for each"
        else
          withGroups builder rule
      )
    else if rule ? nonResourceURLs then
      (
        if namespaced then
          throw "${builder}: a rule has nonResourceURLs, expected it of a clusterRole"
        else
          rule
      )
    else
      throw "${builder}: a rule has neither resources nor nonResourceURLs";

  role =
    function: kind: namespaced:
    # name, labels, annotations, metadata, and the fields of the role
    {
      # [ { resources = [ "pods" ]; verbs = [ "get" ]; } ]. `apiGroups` is found for Kubernetes' own resources
      rules ? [ ],
      ...
    }@args:
    let
      builder = named function args;
    in
    {
      apiVersion = "${apiGroup}/v1";
      inherit kind;
      metadata = toMetadata {
        inherit builder namespaced;
        checkName = checkPathSegment;
      } args;
    }
    // removeAttrs (withoutMetadata args) [ "rules" ]
    // (
      if rules == [ ] && args ? aggregationRule then
        { }
      else
        { rules = map (toRule builder namespaced) (list builder "rules" rules); }
    );

  # "web" and "prod/web" are ServiceAccounts. { kind = "Group"; name = "admins"; } and a ServiceAccount of this
  # library work, too.
  toSubject =
    builder: namespaced: namespace: subject:
    let
      parts = if isString subject then match "(([a-z0-9-]+)/)?([a-z0-9.-]+)" subject else null;
      said = elemAt parts 1;
      of = name: where: {
        kind = "ServiceAccount";
        inherit name;
        namespace =
          if where != null then
            where
          else
            throw (
              "${builder}: the namespace of ServiceAccount ${name} isn't said, expected \"<namespace>/${name}\""
              + (if namespaced then ", or namespace" else "")
            );
      };
    in
    if parts != null then
      of (elemAt parts 2) (if said != null then said else namespace)
    else if isAttrs subject && subject.kind or null == "ServiceAccount" && subject ? metadata then
      of subject.metadata.name (subject.metadata.namespace or namespace)
    else if isAttrs subject && subject.kind or null == "ServiceAccount" then
      of subject.name (subject.namespace or namespace)
    else if
      isAttrs subject
      && elem (subject.kind or null) [
        "Group"
        "User"
      ]
      && isString (subject.name or null)
    then
      { inherit apiGroup; } // subject
    else
      refuse builder "an item of subjects" subject
        ''"<namespace>/<ServiceAccount>", a ServiceAccount, or { kind = "Group"; name = "..."; }'';

  toRoleRef =
    builder: kind: value:
    let
      of = if isAttrs value then value.kind or null else kind;
      name = if isAttrs value then value.metadata.name or value.name or null else value;
    in
    if !isString name || (isAttrs value && value ? outPath) then
      refuse builder "role" value "the name of a ${kind}, or a role that this library made"
    # A binding in a namespace may give the rights of a ClusterRole there.
    else if of == kind || of == "ClusterRole" then
      {
        inherit apiGroup name;
        kind = of;
      }
    else
      throw (
        "${builder}: role is a ${toString of}, expected a ${kind}"
        + (if kind == "Role" then " or a ClusterRole" else "")
      );

  binding =
    function: kind: roleKind: namespaced:
    # name, labels, annotations, metadata
    {
      # the name of a role of the same scope, or a Role or ClusterRole that this library made
      role ? throw "${named function args}: role is missing",
      # list of "<namespace>/<name>", ServiceAccounts, and { kind; name; }
      subjects ? [ ],
      ...
    }@args:
    let
      builder = named function args;
    in
    {
      apiVersion = "${apiGroup}/v1";
      inherit kind;
      metadata = toMetadata {
        inherit builder namespaced;
        checkName = checkPathSegment;
      } args;
      roleRef = toRoleRef builder roleKind role;
      subjects = map (toSubject builder namespaced (args.namespace or null)) (
        list builder "subjects" subjects
      );
    }
    // removeAttrs (withoutMetadata args) [
      "role"
      "subjects"
    ];
in
{
  role = role "role" "Role" true;
  clusterRole = role "clusterRole" "ClusterRole" false;
  roleBinding = binding "roleBinding" "RoleBinding" "Role" true;
  clusterRoleBinding = binding "clusterRoleBinding" "ClusterRoleBinding" "ClusterRole" false;
}
