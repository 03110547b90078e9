# Who may do what: Role, ClusterRole, RoleBinding and ClusterRoleBinding.
let
  inherit (builtins)
    elemAt
    isAttrs
    isList
    isString
    map
    match
    removeAttrs
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/metadata.nix) toMetadata withoutMetadata;
  inherit (import ../objects/name.nix) checkPathSegment;

  apiGroup = "rbac.authorization.k8s.io";

  list =
    builder: field: value:
    if isList value then value else refuse builder field value "a list";

  toRule =
    builder: rule:
    if !isAttrs rule || rule ? outPath then
      refuse builder "an item of rules" rule "an attribute set with verbs, and resources or nonResourceURLs"
    else if list builder "rules.verbs" (rule.verbs or [ ]) == [ ] then
      throw "${builder}: a rule has no verbs, expected a list such as [ \"get\" \"list\" \"watch\" ]"
    else if rule ? resources then
      # The core group is "", which people forget.
      { apiGroups = [ "" ]; } // rule
    else if rule ? nonResourceURLs then
      rule
    else
      throw "${builder}: a rule has neither resources nor nonResourceURLs";

  role =
    builder: kind: namespaced:
    # name, labels, annotations, metadata, and the fields of the role
    {
      # [ { resources = [ "pods" ]; verbs = [ "get" ]; } ]; `apiGroups` is the core's where none is said
      rules ? [ ],
      ...
    }@args:
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
        { rules = map (toRule builder) (list builder "rules" rules); }
    );

  # "web", "prod/web": a ServiceAccount; { kind = "Group"; name = "admins"; }; a ServiceAccount that this library made
  toSubject =
    builder: namespace: subject:
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
            throw "${builder}: the namespace of ServiceAccount ${name} isn't said, expected \"<namespace>/${name}\", or namespace";
      };
    in
    if parts != null then
      of (elemAt parts 2) (if said != null then said else namespace)
    else if isAttrs subject && subject.kind or null == "ServiceAccount" && subject ? metadata then
      of subject.metadata.name (subject.metadata.namespace or namespace)
    else if isAttrs subject && subject.kind or null == "ServiceAccount" then
      of subject.name (subject.namespace or namespace)
    else if isAttrs subject && isString (subject.kind or null) && isString (subject.name or null) then
      { inherit apiGroup; } // subject
    else
      refuse builder "an item of subjects" subject ''"<namespace>/<ServiceAccount>", a ServiceAccount, or { kind = "Group"; name = "..."; }'';

  toRoleRef =
    builder: kind: value:
    let
      named = name: of: {
        inherit apiGroup name;
        kind = of;
      };
    in
    if isString value then
      named value kind
    else if isAttrs value && isString (value.kind or null) && value ? metadata then
      named value.metadata.name value.kind
    else if isAttrs value && isString (value.kind or null) && isString (value.name or null) then
      { inherit apiGroup; } // value
    else
      refuse builder "role" value "the name of a ${kind}, or a role that this library made";

  binding =
    builder: kind: roleKind: namespaced:
    # name, labels, annotations, metadata
    {
      # the name of a role of the same scope, or a Role or ClusterRole that this library made
      role ? throw "${builder}: role is missing",
      # list of "<namespace>/<name>", ServiceAccounts, and { kind; name; }
      subjects ? [ ],
      ...
    }@args:
    {
      apiVersion = "${apiGroup}/v1";
      inherit kind;
      metadata = toMetadata {
        inherit builder namespaced;
        checkName = checkPathSegment;
      } args;
      roleRef = toRoleRef builder roleKind role;
      subjects = map (toSubject builder (args.namespace or null)) (list builder "subjects" subjects);
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
